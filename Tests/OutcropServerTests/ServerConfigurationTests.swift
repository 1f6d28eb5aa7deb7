import Testing

@testable import OutcropServer
