// Single-user crash recovery (ha_behaviour.md 4.6): a crashed server replays to its own end and stops cleanly, so that
// pg_rewind can work on it and nobody replays beyond that end as a standby of another timeline.
#pragma once

#include "postgres/data_context.h"

namespace tamada {

// Error Conflict when a process works in the directory or it holds a backup_label: a copy that was never started is no
// crashed server, single-user mode would make a primary of it. Failed with the output's end when the server fails.
Task<Result<void>> run_crash_recovery(DataContext context, Instant deadline);

// Runs the configured archive command for every segment that waits for it. What fails is logged and left; never an
// error.
Task<void> archive_waiting_segments(DataContext context, Instant deadline);

// PostgresData::archive_shutdown_checkpoint.
Task<Result<void>> archive_last_segment(DataContext context, Instant deadline);

// Pure: name of the WAL file that holds `at`; segments have that many bytes.
std::string wal_segment_name(Timeline timeline, Lsn at, std::uint64_t segment_size);

// Pure: the options of postmaster.opts that single-user mode takes over: every --name=value but what the run sets
// itself.
std::vector<std::string> options_of_last_start(std::string_view postmaster_opts);
// Pure: archive_command with %p, %f and %% filled in.
std::string fill_archive_command(std::string_view command, std::string_view path, std::string_view file);

}  // namespace tamada
