import AWSProtocol

/// The XML of an error, of S3 (`<Error>`) and of the token service (`<ErrorResponse><Error>`).
public struct ErrorDocument: Sendable, Equatable {
    /// The error's code.
    public let code: String
    /// The error in words, without line breaks and not longer than a line should be.
    public let message: String
    /// The region in which the bucket is, where the error is that it is not here.
    public let region: String?

    /// Reads a body; nil when it is not such a document.
    public init?(parsing bytes: [UInt8]) {
        guard let root = try? XMLParser.parse(bytes) else { return nil }
        let error = root.name == "Error" ? root : root.child("Error")
        guard let error, let code = error.text(of: "Code"), !code.isEmpty else { return nil }
        self.code = Self.line(code)
        message = Self.line(error.text(of: "Message") ?? "")
        region = error.text(of: "Region")
    }

    private static func line(_ text: String) -> String {
        var line = text.unicodeScalars.prefix(500).map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }
        while let last = line.last, last == " " || last == "." { line.removeLast() }
        return String(String.UnicodeScalarView(line))
    }
}
