import Foundation

/// The environment variables that the commands read, documented once and shown in the help of those that read them.
enum EnvironmentVariable: String, CaseIterable {
    /// Where imported models live.
    case data = "OUTCROP_DATA"
    /// The instruction set of the kernels.
    case instructionSet = "OUTCROP_ISA"
    /// The key that clients of the server must send.
    case apiKey = "OUTCROP_API_KEY"
    /// What a custom-model unit costs.
    case price = "OUTCROP_PRICE"
    /// No colours.
    case noColor = "NO_COLOR"

    /// The variable's value; nil when it is unset or empty.
    var value: String? {
        let value = ProcessInfo.processInfo.environment[rawValue]
        return value?.isEmpty == true ? nil : value
    }

    /// What it does, in a line.
    var summary: String {
        switch self {
        case .data: "folder of the imported models (as --data)"
        case .instructionSet: "scalar, avx2, avx512, amx or neon: use these kernels"
        case .apiKey: "a key that clients of `serve` must send (as --api-key)"
        case .price: "what a custom-model unit costs (as `usage --price`)"
        case .noColor: "set to anything: no colours, nothing dimmed"
        }
    }

    /// The variables as lines for a command's help.
    static func help(_ variables: [EnvironmentVariable]) -> String {
        let lines = variables.map { variable in
            "  " + variable.rawValue.padding(toLength: 17, withPad: " ", startingAt: 0) + variable.summary
        }
        return (["", "Environment:"] + lines).joined(separator: "\n")
    }
}
