/// What the operator reckons that a model costs, per custom-model unit.
public struct UsagePrice: Sendable, Equatable {
    /// Price of one unit for one minute.
    public let unitMinute: Double
    /// Price of keeping one unit for a month; nil if that is not reckoned.
    public let unitMonth: Double?

    /// Hours of a month, as AWS reckons it: a twelfth of 8,760.
    public static let hoursPerMonth = 730.0

    /// Prices; nil unless they are finite and not negative.
    public init?(unitMinute: Double, unitMonth: Double? = nil) {
        guard unitMinute.isFinite, unitMinute >= 0, unitMonth.map({ $0.isFinite && $0 >= 0 }) ?? true else {
            return nil
        }
        self.unitMinute = unitMinute
        self.unitMonth = unitMonth
    }

    /// Prices as people write them: `0.0572` a unit's minute, or `0.0572,1.95` with a unit's month behind; nil for other texts.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E } ? Double(part) : nil
        }
        guard (1...2).contains(parts.count), numbers.count == parts.count else { return nil }
        self.init(unitMinute: numbers[0], unitMonth: numbers.count == 2 ? numbers[1] : nil)
    }

    /// The price of running a model: copies × units a copy × price of a unit's minute × windows × 5 minutes.
    ///
    /// That is the formula of the user guide, "Calculate the cost of running a custom model", but for its last factor, which it
    /// gives as windows / 60: with a price per minute that is a slip, as a window has five of them. A server has one copy.
    public func running(unitMinutes: Int) -> Double { Double(unitMinutes) * unitMinute }

    /// The price of keeping a model; nil if that is not reckoned.
    public func storing(units: Int, hours: Double) -> Double? {
        unitMonth.map { $0 * Double(units) * hours / Self.hoursPerMonth }
    }
}
