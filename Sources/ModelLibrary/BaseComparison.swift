import JSON

/// How an imported model differs from another one, its base, tensor by tensor.
public struct BaseComparison: Sendable, Equatable {
    /// A tensor whose values are not those of the base.
    public struct Difference: Sendable, Equatable {
        /// The artifact's name of the tensor, without `.weight` or `.blocks`.
        public let tensor: String
        /// Root mean square of the difference over that of the base; nil when the base is zero or something is no number.
        public let relative: Double?

        /// A difference.
        public init(tensor: String, relative: Double?) {
            self.tensor = tensor
            self.relative = relative
        }
    }

    /// What the base was called: an imported model's name or a checkpoint's folder.
    public let base: String
    /// Tensors that were compared.
    public let tensorCount: Int
    /// Those that differ, in file order.
    public let differences: [Difference]

    /// The result of a comparison.
    public init(base: String, tensorCount: Int, differences: [Difference]) {
        self.base = base
        self.tensorCount = tensorCount
        self.differences = differences
    }

    /// Whether every value is that of the base.
    public var isIdentical: Bool { differences.isEmpty }

    /// The differences, the largest first.
    public var largestFirst: [Difference] {
        differences.enumerated().sorted { left, right in
            let (one, other) = (left.element.relative ?? .infinity, right.element.relative ?? .infinity)
            return one == other ? left.offset < right.offset : one > other
        }.map(\.element)
    }

    /// What the comparison says, in one line.
    public var verdict: String {
        if isIdentical { return "identical to base '\(base)' in all \(tensorCount) tensors: this is not a fine-tune" }
        let largest = largestFirst.prefix(3).map { "\($0.tensor) \(Self.percent($0.relative))" }
        return "differs from base '\(base)' in \(differences.count) of \(tensorCount) tensors (largest: "
            + largest.joined(separator: ", ") + ")"
    }

    /// Three figures of a share.
    private static func percent(_ share: Double?) -> String {
        guard let percent = share.map({ $0 * 100 }), percent.isFinite else { return "from zero" }
        guard percent < 100 else { return "\(Int(min(percent, 1e15).rounded())) %" }
        guard percent > 1e-300 else { return "0 %" }
        var scale = 1.0
        while percent * scale < 100 { scale *= 10 }
        return "\((percent * scale).rounded() / scale) %"
    }
}

extension BaseComparison {
    /// The comparison as the manifest keeps it and programs read it.
    public var json: JSONValue {
        .object(
            JSONObject([
                ("name", .string(base)),
                ("verdict", .string(verdict)),
                ("tensors", .number(JSONNumber(tensorCount))),
                ("different_tensors", .number(JSONNumber(differences.count))),
                (
                    "differences",
                    .array(
                        differences.map { difference in
                            [
                                "tensor": .string(difference.tensor),
                                "relative_rms_difference": difference.relative.map { .number(JSONNumber($0)) } ?? .null,
                            ]
                        })
                ),
            ]))
    }

    /// Reads a stored comparison; nil when it is none.
    public init?(_ json: JSONValue) {
        guard let base = json["name"]?.stringValue, let count = json["tensors"]?.intValue,
            let entries = json["differences"]?.arrayValue
        else { return nil }
        self.init(
            base: base, tensorCount: count,
            differences: entries.compactMap { entry in
                entry["tensor"]?.stringValue.map {
                    Difference(tensor: $0, relative: entry["relative_rms_difference"]?.doubleValue)
                }
            })
    }
}
