import ModelLibrary

extension Members {
    /// A member that is a list of tags.
    func tags(_ key: String, isRequired: Bool = false) -> [Tag]? {
        var keys: Set<[UInt8]> = []
        return structures(key, count: 0...LibraryRecords.tagLimit, isRequired: isRequired)?.compactMap { members in
            let key = members.text("key", .tagKey, isRequired: true)
            let value = members.text("value", .tagValue, isRequired: true)
            guard let key, let value else { return nil }
            if key.utf8.starts(with: "aws:".utf8) {
                violations.add(key, at: members.path("key"), "Tag keys that begin with aws: are reserved")
            }
            if !keys.insert(Array(key.utf8)).inserted {
                violations.add(key, at: members.path("key"), "Tag keys must be unique")
            }
            return Tag(key: key, value: value)
        }
    }
}
