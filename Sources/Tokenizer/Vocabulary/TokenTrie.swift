/// Finds added tokens, as `<|start|>`, in text: a tree of their bytes.
struct TokenTrie: Sendable {
    private struct Node {
        var byte: UInt8
        /// -1 if no token ends here.
        var token: Int32 = -1
        /// Indices of other nodes; 0, the root's, for none.
        var firstChild = 0
        var sibling = 0
    }

    private var nodes = [Node(byte: 0)]
    private var isFirstByte = [Bool](repeating: false, count: 256)

    private var isEmpty: Bool { nodes.count == 1 }

    private func child(_ byte: UInt8, of node: Int) -> Int {
        var child = nodes[node].firstChild
        while child != 0, nodes[child].byte != byte { child = nodes[child].sibling }
        return child
    }

    /// Adds a token that is not empty. A second one of the same bytes replaces the first.
    mutating func insert(_ bytes: some Sequence<UInt8>, token: Int32) {
        var node = 0
        for byte in bytes {
            if node == 0 { isFirstByte[Int(byte)] = true }
            var next = child(byte, of: node)
            if next == 0 {
                next = nodes.count
                nodes.append(Node(byte: byte, sibling: nodes[node].firstChild))
                nodes[node].firstChild = next
            }
            node = next
        }
        nodes[node].token = token
    }

    /// The token of exactly these bytes.
    func token(_ bytes: some Sequence<UInt8>) -> Int32? {
        var node = 0
        for byte in bytes {
            node = child(byte, of: node)
            if node == 0 { return nil }
        }
        return nodes[node].token < 0 ? nil : nodes[node].token
    }

    /// The first occurrence at or behind `start` of a token for which `isAllowed` holds; the longest of those that begin
    /// at the same place.
    func firstMatch(
        _ text: Span<UInt8>, from start: Int, isAllowed: (Int32) -> Bool
    ) -> (range: Range<Int>, token: Int32)? {
        if isEmpty { return nil }
        for offset in start..<text.count where isFirstByte[Int(text[offset])] {
            var match: (range: Range<Int>, token: Int32)?
            var node = 0
            for index in offset..<text.count {
                node = child(text[index], of: node)
                if node == 0 { break }
                let token = nodes[node].token
                if token >= 0, isAllowed(token) { match = (offset..<index + 1, token) }
            }
            if let match { return match }
        }
        return nil
    }
}
