import Foundation
import GRDB
import OutcropNumerics
import Records

/// The tables of `usage.sqlite` and how they grow.
enum UsageFile {
    /// Opens a data folder's usage records.
    static func open(dataFolder: String) throws -> DatabasePool {
        try RecordFile.open(FileSystem.join(dataFolder, "usage.sqlite"), migrator: migrator)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("usage") { database in
            try database.execute(
                sql: """
                    CREATE TABLE model (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, units INTEGER NOT NULL);
                    CREATE TABLE key (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL);
                    -- Times are milliseconds since 1970; a window starts at a multiple of five minutes.
                    CREATE TABLE usage (
                        window INTEGER NOT NULL,
                        model TEXT NOT NULL REFERENCES model,
                        key TEXT NOT NULL REFERENCES key,
                        requests INTEGER NOT NULL,
                        input INTEGER NOT NULL,
                        output INTEGER NOT NULL,
                        cached INTEGER NOT NULL,
                        reasoning INTEGER NOT NULL,
                        PRIMARY KEY (window, model, key)
                    ) WITHOUT ROWID;
                    CREATE TABLE activity (
                        model TEXT NOT NULL REFERENCES model,
                        start INTEGER NOT NULL,
                        end INTEGER NOT NULL,
                        PRIMARY KEY (model, start)
                    ) WITHOUT ROWID;
                    """)
        }
        return migrator
    }

    /// Adds what was recorded to the tables.
    static func add(_ batch: UsageBatch, to database: Database) throws {
        for model in batch.models.values {
            try database.cachedStatement(
                sql: """
                    INSERT INTO model (id, name, units) VALUES (?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, units = excluded.units
                    """
            ).execute(arguments: [model.id, model.name, model.units])
        }
        for key in batch.keys.values {
            try database.cachedStatement(
                sql: "INSERT INTO key (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
            ).execute(arguments: [key.id, key.name])
        }
        for (place, counts) in batch.counts {
            let tokens = counts.tokens
            try database.cachedStatement(
                sql: """
                    INSERT INTO usage (window, model, key, requests, input, output, cached, reasoning)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (window, model, key) DO UPDATE SET requests = requests + excluded.requests,
                        input = input + excluded.input, output = output + excluded.output,
                        cached = cached + excluded.cached, reasoning = reasoning + excluded.reasoning
                    """
            ).execute(arguments: [
                place.window, place.model, place.key, counts.requests, tokens.input, tokens.output, tokens.cached,
                tokens.reasoning,
            ])
        }
        for (model, spans) in batch.spans {
            for span in spans { try add(span, model: model, to: database) }
        }
    }

    private static func add(_ span: ActivitySpan, model: String, to database: Database) throws {
        let near = [model, span.start - BillingWindow.length, span.end + BillingWindow.length] as StatementArguments
        let condition = "FROM activity WHERE model = ? AND end > ? AND start < ?"
        var spans = try Row.fetchAll(
            database, sql: "SELECT start, end \(condition) ORDER BY start", arguments: near
        ).map { ActivitySpan(start: $0["start"], end: $0["end"]) }
        BillingWindow.insert(span, into: &spans)
        try database.execute(sql: "DELETE \(condition)", arguments: near)
        for span in spans {
            try database.execute(
                sql: "INSERT INTO activity (model, start, end) VALUES (?, ?, ?)",
                arguments: [model, span.start, span.end])
        }
    }
}

extension Date {
    /// Milliseconds since 1970; at most 2^53 away from it, which no clock is.
    var milliseconds: Int { Int((timeIntervalSince1970 * 1000).rounded().clamped(to: -9e15...9e15)) }

    /// The time so many milliseconds after 1970.
    init(milliseconds: Int) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? range.lowerBound : Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
