import Conversation
import Testing

@Suite struct CalendarDateTests {
    @Test(
        "seconds since 1970 become the day in UTC",
        arguments: [
            (0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"), (1_754_438_400, "2025-08-06"), (4_107_542_400, "2100-03-01"),
        ])
    func fromSeconds(_ seconds: Int, _ text: String) {
        #expect(CalendarDate(unixSeconds: seconds).description == text)
    }

    @Test("every day of 400 years is read back as it was written")
    func roundTrip() throws {
        for day in stride(from: -20_000, to: 126_097, by: 1) {
            let date = CalendarDate(unixSeconds: day * 86_400)
            #expect(CalendarDate(date.description) == date)
        }
    }

    @Test(
        "what is no date is refused",
        arguments: [
            "", "2025-1-01", "2025-13-01", "2025-00-10", "2025-02-29", "2025-01-32", "20250101", "2025-01-0a",
            "٢٠٢٥-٠١-٠١",
        ])
    func refuses(_ text: String) {
        #expect(CalendarDate(text) == nil)
    }
}
