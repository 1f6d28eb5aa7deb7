import Access
import Foundation

/// Keys in a folder of their own, with some that were given; with none nobody needs a key.
public func temporaryKeys(_ given: [String]) throws -> KeyStore {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outcrop-keys-\(UUID())")
    return try KeyStore(dataFolder: folder.path, givenKeys: given)
}
