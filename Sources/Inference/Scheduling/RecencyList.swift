/// Small numbers in the order in which they were added, with constant-time removal from anywhere: a doubly linked list
/// in two arrays.
struct RecencyList: Sendable {
    private struct Link {
        var previous: Int32
        var next: Int32
    }

    /// No number.
    private static let end: Int32 = -1
    /// The links of a number that is not in the list.
    private static let absent = Link(previous: -2, next: -2)

    private var links: [Link] = []
    private(set) var first: Int32?
    private var last: Int32 = RecencyList.end
    private(set) var count = 0

    func contains(_ number: Int32) -> Bool {
        Int(number) < links.count && links[Int(number)].previous != RecencyList.absent.previous
    }

    /// Adds a number that is not in the list as the most recent one.
    mutating func append(_ number: Int32) {
        precondition(number >= 0 && !contains(number), "a number is in the list once")
        while links.count <= Int(number) { links.append(RecencyList.absent) }
        links[Int(number)] = Link(previous: last, next: RecencyList.end)
        if last == RecencyList.end { first = number } else { links[Int(last)].next = number }
        last = number
        count += 1
    }

    /// Adds a number that is not in the list as the least recent one.
    mutating func prepend(_ number: Int32) {
        guard let second = first else { return append(number) }
        precondition(number >= 0 && !contains(number), "a number is in the list once")
        while links.count <= Int(number) { links.append(RecencyList.absent) }
        links[Int(number)] = Link(previous: RecencyList.end, next: second)
        links[Int(second)].previous = number
        first = number
        count += 1
    }

    /// All numbers, the most recent first.
    var newestFirst: [Int32] {
        var numbers: [Int32] = []
        numbers.reserveCapacity(count)
        var number = last
        while number != RecencyList.end {
            numbers.append(number)
            number = links[Int(number)].previous
        }
        return numbers
    }

    /// Takes a number out; does nothing if it is not in the list.
    mutating func remove(_ number: Int32) {
        guard contains(number) else { return }
        let link = links[Int(number)]
        if link.previous == RecencyList.end {
            first = link.next == RecencyList.end ? nil : link.next
        } else {
            links[Int(link.previous)].next = link.next
        }
        if link.next == RecencyList.end { last = link.previous } else { links[Int(link.next)].previous = link.previous }
        links[Int(number)] = RecencyList.absent
        count -= 1
    }

    /// Takes the least recent number out.
    mutating func popFirst() -> Int32? {
        guard let number = first else { return nil }
        remove(number)
        return number
    }
}
