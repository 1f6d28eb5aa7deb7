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
    try lines(of: fixture(path))
}

/// The lines of any JSON-lines file, empty ones left out.
public func lines(of file: URL) throws -> [[UInt8]] {
    [UInt8](try Data(contentsOf: file)).split(separator: UInt8(ascii: "\n")).map(Array.init)
}

/// The URL of a file or folder of the bundled demo model's, in `Demo`.
public func demoFile(_ path: String) -> URL {
    fixture("../../Demo").appendingPathComponent(path).standardizedFileURL
}
