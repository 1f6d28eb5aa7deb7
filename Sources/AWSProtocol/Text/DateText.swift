/// Instants as text: always UTC, seconds since 1970-01-01T00:00:00Z, years 1 to 9999 (others are written as the nearest).
public enum DateText {
    /// `20260131T235959Z`, as signatures have it.
    public static func basic(_ seconds: Int) -> String {
        let moment = Moment(seconds)
        return pad(moment.year, 4) + pad(moment.month, 2) + pad(moment.day, 2) + "T" + pad(moment.hour, 2)
            + pad(moment.minute, 2) + pad(moment.second, 2) + "Z"
    }

    /// `2026-01-31T23:59:59.000Z`, as answers have it; `milliseconds` is 0 to 999.
    public static func extended(_ seconds: Int, milliseconds: Int = 0) -> String {
        let moment = Moment(seconds)
        let date = [pad(moment.year, 4), pad(moment.month, 2), pad(moment.day, 2)].joined(separator: "-")
        let time = [pad(moment.hour, 2), pad(moment.minute, 2), pad(moment.second, 2)].joined(separator: ":")
        return date + "T" + time + "." + pad(max(0, min(milliseconds, 999)), 3) + "Z"
    }

    /// `Sat, 31 Jan 2026 23:59:59 GMT`, as HTTP headers have it (RFC 9110, IMF-fixdate).
    public static func http(_ seconds: Int) -> String {
        let moment = Moment(seconds)
        let time = [pad(moment.hour, 2), pad(moment.minute, 2), pad(moment.second, 2)].joined(separator: ":")
        return [
            weekdays[moment.weekday] + ",", pad(moment.day, 2), months[moment.month - 1], pad(moment.year, 4), time,
            "GMT",
        ].joined(separator: " ")
    }

    /// The instant of `20260131T235959Z`; nil for any other text or a day that does not exist.
    public static func parseBasic(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        return seconds(
            number(bytes[0..<4]), number(bytes[4..<6]), number(bytes[6..<8]), number(bytes[9..<11]),
            number(bytes[11..<13]), number(bytes[13..<15]))
    }

    /// The instant of `Sat, 31 Jan 2026 23:59:59 GMT` (also with `UTC`, `+0000`, `-0000`); the weekday is not looked at.
    public static func parseHTTP(_ text: String) -> Int? {
        let words = text.utf8.split(separator: UInt8(ascii: " ")).map { Array($0) }
        guard words.count == 6, ["GMT", "UTC", "+0000", "-0000"].contains(where: { words[5].elementsEqual($0.utf8) })
        else { return nil }
        let month = months.firstIndex { words[2].elementsEqual($0.utf8) }
        let clock = words[4].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let month, clock.count == 3, words[3].count == 4, words[1].count <= 2 else { return nil }
        return seconds(
            number(words[3][...]), month + 1, number(words[1][...]), number(clock[0]), number(clock[1]),
            number(clock[2]))
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...4).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func seconds(_ year: Int?, _ month: Int?, _ day: Int?, _ hour: Int?, _ minute: Int?, _ second: Int?)
        -> Int?
    {
        guard let year, let month, let day, let hour, let minute, let second, year >= 1, (1...12).contains(month),
            day >= 1, hour < 24, minute < 60, second < 61
        else { return nil }
        let result = Moment.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        let back = Moment(Moment.days(year, month, day) * 86_400)
        return back.day == day && back.month == month ? result : nil
    }
}

/// The fields of an instant in the Gregorian calendar; weekday 0 is Sunday.
private struct Moment {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let weekday: Int

    /// Counts in years that begin in March, so that the leap day is a year's last.
    init(_ seconds: Int) {
        let seconds = max(-62_135_596_800, min(seconds, 253_402_300_799))
        let time = (seconds % 86_400 + 86_400) % 86_400
        let days = (seconds - time) / 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        hour = time / 3_600
        minute = time / 60 % 60
        second = time % 60
        weekday = ((days + 4) % 7 + 7) % 7
    }

    /// Days from 1970-01-01 to a date.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
