/// An element of a parsed document. Attributes and the prefixes of names are dropped: S3 gives them no meaning.
public struct XMLElement: Sendable, Equatable {
    /// The name without its prefix.
    public var name: String
    /// The characters directly within the element, in a row.
    public var text: String
    /// The elements directly within it, in order.
    public var children: [XMLElement]

    /// Makes an element from its parts.
    public init(name: String, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// The first child of a name.
    public func child(_ name: String) -> XMLElement? {
        children.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The children of a name.
    public func children(named name: String) -> [XMLElement] {
        children.filter { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The text of the first child of a name.
    public func text(of name: String) -> String? { child(name)?.text }
}
