// Work on the files of a data directory: removing, moving aside, small edits. Blocking: on a pool thread.
//
// Symbolic links are treated as PostgreSQL makes them: pg_wal (pg_xlog) may point to a WAL directory elsewhere, the
// entries of pg_tblspc point to tablespaces. Nothing else is followed.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/lsn.h"

namespace tamada {

// Missing and empty directories are both "empty". Error Io when it cannot be looked into, or is no directory.
Result<bool> data_dir_is_empty(const std::string& data_dir);

// Removes everything inside, and what belongs to this cluster behind the links: the WAL directory's contents and the
// version directories of its tablespaces. The directory itself stays (it may be a mount point). global/pg_control goes
// first, so that a half-removed directory cannot be started. A missing directory is success.
// Error Cancelled when `abandoned` was set meanwhile; Invalid for a path that cannot be a data directory.
Result<void> remove_data_directory(const std::string& data_dir, const std::atomic<bool>& abandoned);

// Renames it to data_dir + suffix, and what its links point to likewise; links are made to point to the new names. A
// target of that name is removed first. Empty text when there was nothing to move.
Result<std::string> move_data_directory(const std::string& data_dir, const std::string& suffix);

// Appends `text`; the file must exist.
Result<void> append_to_file(const std::string& path, const std::string& text);

// Marks a directory of PostgreSQL 12 or newer as a standby, so that nobody's plain start makes a second primary of it.
Result<void> mark_as_standby(const std::string& data_dir);
// PostgreSQL starts only in a directory of mode 0700 or 0750; anything wider (left by a script) becomes 0700.
Result<void> tighten_permissions(const std::string& data_dir);

// pg_wal, or pg_xlog before PostgreSQL 10; whichever is there.
std::string wal_directory(const std::string& data_dir);
// Leaves timeline history files that were written while archiving was off to the archiver: PostgreSQL itself would
// never archive them, and the archive could not be followed across that timeline. Those it knows of already stay as
// they are.
Result<void> hand_over_history_files(const std::string& data_dir);
// PG_VERSION as 150000 or 90600; 0 when it cannot be read.
int data_major_version(const std::string& data_dir);
// Where the WAL that is there begins; unknown without any.
Result<Lsn> oldest_wal(const std::string& data_dir);
// The newest timeline of which a segment with the WAL before `at` is there; unknown without any.
Result<Timeline> wal_timeline(const std::string& data_dir, Lsn at);
// "0000000100000000000000A3" and so on.
bool is_wal_segment(const std::string& name);

}  // namespace tamada
