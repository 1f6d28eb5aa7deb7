import JSON
import Testing

@testable import OpenAIAPI
