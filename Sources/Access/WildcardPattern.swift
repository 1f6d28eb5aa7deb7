/// A text in which `*` stands for any characters and `?` for one, as IAM writes actions and resources.
///
/// Matching goes back only to the last `*`: the time is at most the text's length times the pattern's, whatever they hold.
struct WildcardPattern: Sendable, Equatable {
    /// One step of a pattern.
    enum Element: Sendable, Equatable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyCharacters
    }

    let elements: [Element]

    /// A pattern without escapes.
    init(_ text: String) { self.init(text.unicodeScalars.map(Self.element)) }

    /// A pattern of these steps.
    init(_ elements: [Element]) { self.elements = elements }

    /// The step that a character stands for.
    static func element(_ scalar: Unicode.Scalar) -> Element {
        switch scalar {
        case "*": .anyCharacters
        case "?": .anyCharacter
        default: .character(scalar)
        }
    }

    /// Whether the pattern is `*`, or several of them.
    var matchesEverything: Bool { !elements.isEmpty && elements.allSatisfy { $0 == .anyCharacters } }

    /// Whether a text is one of those that the pattern describes.
    func matches(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        var position = text.startIndex
        var step = 0
        /// The step behind the last `*`, and the character from which it was last tried.
        var retry: (step: Int, position: Int)?
        while position < text.endIndex {
            if step < elements.count, elements[step] == .anyCharacters {
                step += 1
                retry = (step, position)
            } else if step < elements.count, accepts(elements[step], text[position]) {
                step += 1
                position += 1
            } else if let last = retry {
                retry = (last.step, last.position + 1)
                (step, position) = (last.step, last.position + 1)
            } else {
                return false
            }
        }
        return elements[step...].allSatisfy { $0 == .anyCharacters }
    }

    private func accepts(_ element: Element, _ scalar: Unicode.Scalar) -> Bool {
        switch element {
        case .character(let wanted): wanted == scalar
        case .anyCharacter: true
        case .anyCharacters: false
        }
    }
}
