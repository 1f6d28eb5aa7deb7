import Generation

/// Sequences that wait for a place: first come, first served for each client, and clients take turns.
struct WaitingQueue {
    private var queues: [String?: [SequenceState]] = [:]
    /// Clients with a sequence that waits, the one whose turn it is first.
    private var turns: [String?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    /// The sequence whose turn it is.
    var first: SequenceState? { turns.first.flatMap { queues[$0]?.first } }

    /// Queues a sequence behind its client's earlier ones; a preempted one gets its old place among them.
    mutating func add(_ sequence: SequenceState) {
        let client = sequence.request.client
        if queues[client] == nil { turns.append(client) }
        var queue = queues[client] ?? []
        queue.insert(sequence, at: queue.firstIndex { $0.number > sequence.number } ?? queue.endIndex)
        queues[client] = queue
        count += 1
    }

    /// Numbers and clients in the order of their turns: every client's first, every client's second, ...
    func order() -> [(client: String?, number: Int)] {
        var order: [(client: String?, number: Int)] = []
        order.reserveCapacity(count)
        var round = 0
        while order.count < count {
            for client in turns {
                guard let queue = queues[client], round < queue.count else { continue }
                order.append((client, queue[round].number))
            }
            round += 1
        }
        return order
    }

    subscript(number: Int, client client: String?) -> SequenceState? {
        queues[client]?.first { $0.number == number }
    }

    /// Changes what is remembered of a sequence that waits.
    mutating func note(_ number: Int, client: String?, _ change: (inout WaitingNotes) -> Void) {
        guard let place = queues[client]?.firstIndex(where: { $0.number == number }) else { return }
        change(&queues[client, default: []][place].waiting)
    }

    /// Takes a sequence out because its turn has come: its client's next turn is after everybody else's.
    mutating func admit(_ number: Int, client: String?) -> SequenceState? {
        guard let sequence = take(number, client: client) else { return nil }
        if queues[client] != nil {
            turns.removeAll { $0 == client }
            turns.append(client)
        }
        return sequence
    }

    /// Takes a sequence out, wherever it waits.
    mutating func remove(_ number: Int) -> SequenceState? {
        for client in turns {
            if let sequence = take(number, client: client) { return sequence }
        }
        return nil
    }

    private mutating func take(_ number: Int, client: String?) -> SequenceState? {
        guard let place = queues[client]?.firstIndex(where: { $0.number == number }) else { return nil }
        let sequence = queues[client]?.remove(at: place)
        if queues[client]?.isEmpty == true {
            queues[client] = nil
            turns.removeAll { $0 == client }
        }
        count -= 1
        return sequence
    }
}
