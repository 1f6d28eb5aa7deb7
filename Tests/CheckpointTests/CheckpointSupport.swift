import Foundation
import JSON
import TestSupport

/// A copy of a fixture that a test may damage.
struct DamagedCheckpoint {
    let path: String

    init(_ folder: TemporaryFolder, _ layout: String = "hf-mxfp4", model: String = "d1-base") throws {
        path = try folder.copy(fixture("checkpoints/\(model)/\(layout)"), as: UUID().uuidString)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

    /// Changes a JSON file's object.
    func edit(_ name: String, _ change: (inout JSONObject) -> Void) throws {
        guard case .object(var object) = try JSONValue.parse(try bytes(name)) else { return }
        change(&object)
        try write(Array(JSONValue.object(object).serialized().utf8), name)
    }

    /// Changes the header of a safetensors file and leaves the data as it is.
    func editHeader(_ name: String, _ change: (inout JSONObject) -> Void) throws {
        let bytes = try bytes(name)
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        guard case .object(var object) = try JSONValue.parse(Array(bytes[8..<8 + length])) else { return }
        change(&object)
        try write(headerBytes(JSONValue.object(object).serialized()) + bytes[(8 + length)...], name)
    }
}
