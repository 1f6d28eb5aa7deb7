import ArgumentParser
import Conversation
import Foundation

/// A time as a person writes it: `24h` ago, `2026-11-01`, `2026-11-01T08:30:00Z`. Days are those of UTC.
struct TimePoint: ExpressibleByArgument, Sendable, Equatable {
    private enum Form: Equatable {
        case ago(seconds: Double)
        case date(Date)
    }

    private let form: Form
    /// The time as it was written.
    let defaultValueDescription: String

    private static let units: [Character: Double] = ["m": 60, "h": 3600, "d": 86400, "w": 604_800]

    init?(argument: String) {
        defaultValueDescription = argument
        if let unit = argument.last.flatMap({ Self.units[$0] }), let count = Int(argument.dropLast()),
            (1...100_000).contains(count), argument.utf8.first != UInt8(ascii: "+")
        {
            form = .ago(seconds: Double(count) * unit)
        } else if let date = Self.date(argument.utf8.count == 10 ? argument + "T00:00:00Z" : argument) {
            form = .date(date)
        } else {
            return nil
        }
    }

    /// A time in ISO 8601. Foundation alone would take the 30th of February and 25 o'clock.
    private static func date(_ text: String) -> Date? {
        let clock = /T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])/
        guard CalendarDate(String(text.prefix(10))) != nil, text.dropFirst(10).wholeMatch(of: clock) != nil else {
            return nil
        }
        return try? Date(text, strategy: .iso8601)
    }

    /// So many days ago.
    init(daysAgo days: Int) {
        form = .ago(seconds: Double(days) * 86400)
        defaultValueDescription = "\(days)d"
    }

    /// The time, seen from a time.
    func date(now: Date) -> Date {
        switch form {
        case .ago(let seconds): now - seconds
        case .date(let date): date
        }
    }
}
