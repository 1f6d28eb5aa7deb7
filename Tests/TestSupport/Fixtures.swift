import Foundation

/// The URL of a test data file or folder in `Tests/Fixtures`.
public func fixture(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").appendingPathComponent(path)
}

/// The bytes of a test data file.
public func fixtureBytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: fixture(path)))
}

/// The lines of a JSON-lines test data file, empty ones left out.
public func fixtureLines(_ path: String) throws -> [[UInt8]] {
    try fixtureBytes(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
}
