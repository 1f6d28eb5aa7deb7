import Access
import Foundation

/// Keys in a folder of their own, with some that were given; with none nobody needs a key.
public func temporaryKeys(_ given: [String]) throws -> KeyStore {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outcrop-keys-\(UUID())")
    return try KeyStore(dataFolder: folder.path, givenKeys: given)
}

/// Keys with one that may do everything: what requests are signed with.
public func temporaryAccessKey() throws -> (keys: KeyStore, id: String, secret: String) {
    let keys = try temporaryKeys([])
    let key = try keys.create(name: "test")
    return (keys, key.accessKeyID, key.secretAccessKey)
}
