/// A line typed into a chat: something to say, or a command that begins with a slash.
enum ChatInput: Equatable {
    /// Nothing.
    case empty
    /// Something to say to the model.
    case message(String)
    /// `/effort low`: how hard to think; nil asks for the present effort.
    case effort(String?)
    /// `/system TEXT`: instructions for the model; nil removes them.
    case system(String?)
    /// `/save FILE`: writes the conversation to a file; nil when no file is named.
    case save(String?)
    /// `/clear`: starts a new conversation.
    case clear
    /// `/help`.
    case help
    /// `/exit`.
    case exit
    /// A command that does not exist.
    case unknown(String)

    /// The commands, for a person.
    static let commandList = """
        /effort low|medium|high   how hard the model thinks
        /system TEXT              instructions for the model (without text: none)
        /save FILE                write the conversation to a file, as JSON
        /clear                    begin a new conversation
        /help                     this list
        /exit                     end (so does Ctrl-D); Ctrl-C stops an answer
        \"""                       begins and ends a message of several lines

        """

    /// Reads a line.
    init(_ line: String) {
        let text = line.trimmed
        guard text.hasPrefix("/") else {
            self = text.isEmpty ? .empty : .message(text)
            return
        }
        let parts = text.split(separator: " ", maxSplits: 1)
        let command = parts.first.map(String.init) ?? ""
        let argument = parts.count > 1 ? String(parts[1]).trimmed : nil
        self =
            switch command {
            case "/effort": .effort(argument)
            case "/system": .system(argument)
            case "/save": .save(argument)
            case "/clear", "/new": .clear
            case "/help", "/?": .help
            case "/exit", "/quit", "/bye": .exit
            default: .unknown(command)
            }
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else {
            return ""
        }
        return String(self[start...end])
    }
}
