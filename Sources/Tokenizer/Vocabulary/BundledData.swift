import CVocabulary

/// The data that the binary carries. The only place of this module that touches pointers.
enum BundledData {
    /// o200k_base.bin: the one-byte tokens, then the two halves of every further token.
    static func o200kMerges() -> [UInt8] {
        var count = 0
        guard let start = unsafe cvocabulary_o200k(&count) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// unicode_classes.bin: block numbers, then blocks of classes.
    static func scalarClasses() -> [UInt8] {
        var count = 0
        guard let start = unsafe cvocabulary_classes(&count) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }
}
