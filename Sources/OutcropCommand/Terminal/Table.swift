/// Rows of text in columns that line up.
struct Table {
    /// The columns' titles, if any.
    let header: [String]?
    /// The rows; all of the same length.
    let rows: [[String]]

    /// The table, one line per row.
    var text: String {
        let all = (header.map { [$0] } ?? []) + rows
        let columns = all.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        let lines = all.map { row in
            row.enumerated().map { column, cell in
                column + 1 == row.count ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
