import GRDB

/// The tables of `records.sqlite`. A change is a new migration below the others; those that have been published stay.
enum RecordSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("models, jobs and tags") { database in
            try database.execute(
                sql: """
                    CREATE TABLE models (
                        id TEXT PRIMARY KEY NOT NULL,
                        name TEXT NOT NULL UNIQUE,
                        created INTEGER NOT NULL,
                        source TEXT NOT NULL,
                        layout TEXT NOT NULL,
                        dense TEXT NOT NULL,
                        parameters INTEGER NOT NULL,
                        source_bytes INTEGER NOT NULL,
                        artifact_bytes INTEGER NOT NULL,
                        manifest_version TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX models_created ON models (created, id);

                    CREATE TABLE import_jobs (
                        id TEXT PRIMARY KEY NOT NULL,
                        name TEXT NOT NULL UNIQUE,
                        model_id TEXT NOT NULL UNIQUE,
                        model_name TEXT NOT NULL,
                        role TEXT NOT NULL,
                        source TEXT NOT NULL,
                        kms_key TEXT,
                        subnets TEXT,
                        security_groups TEXT,
                        request_token TEXT UNIQUE,
                        state TEXT NOT NULL,
                        created INTEGER NOT NULL,
                        modified INTEGER NOT NULL,
                        ended INTEGER,
                        starts INTEGER NOT NULL DEFAULT 0,
                        is_cancel_requested INTEGER NOT NULL DEFAULT 0,
                        failure TEXT,
                        findings TEXT,
                        bytes_done INTEGER NOT NULL DEFAULT 0,
                        bytes_total INTEGER NOT NULL DEFAULT 0,
                        bytes_per_second REAL,
                        seconds_remaining REAL
                    ) STRICT;
                    CREATE INDEX import_jobs_created ON import_jobs (created, id);
                    CREATE UNIQUE INDEX import_jobs_held_names ON import_jobs (model_name) WHERE ended IS NULL;

                    CREATE TABLE tags (
                        resource TEXT NOT NULL,
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (resource, key)
                    ) STRICT;
                    """)
        }
        return migrator
    }
}
