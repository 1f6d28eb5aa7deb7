/// How Amazon Bedrock measures the hardware that a copy of an imported model takes.
public enum CustomModelUnits {
    /// The version of the unit that answers name, in the form `v1.0`.
    public static let version = "v1.0"

    /// How many units a loaded copy takes: one for every 16 GB of weights begun.
    ///
    /// Amazon does not publish the numbers for gpt-oss; its published ones (2 for 16 GB of Llama 3 8B, 8 for 141 GB of Llama 3
    /// 70B) are near this.
    public static func perCopy(artifactByteCount count: Int) -> Int {
        let (units, rest) = max(0, count).quotientAndRemainder(dividingBy: 16_000_000_000)
        return max(1, units + (rest > 0 ? 1 : 0))
    }
}
