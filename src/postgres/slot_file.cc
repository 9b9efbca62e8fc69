#include "postgres/slot_file.h"

#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "host/files.h"
#include "postgres/crc32c.h"

namespace tamada {

namespace {

constexpr std::uint32_t kMagic = 0x1051CA1;
// Header: magic, checksum, format, length; the checksum covers what follows it, the length what follows the header.
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kFormatAt = 8;
constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kNameAt = 16;
constexpr std::size_t kNameSize = 64;
constexpr std::size_t kDatabaseAt = kNameAt + kNameSize;
constexpr std::size_t kPersistencyAt = kDatabaseAt + 4;
constexpr std::size_t kRestartAt = kPersistencyAt + 12;  // behind xmin and catalog_xmin
constexpr std::size_t kShortest = kRestartAt + 8;
constexpr std::uint32_t kPersistent = 0;
constexpr mode_t kPrivateDirectory = 0700;
constexpr mode_t kGroupDirectory = 0750;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

bool group_may_read(const std::string& data_dir) {
  struct stat info{};
  return ::stat(data_dir.c_str(), &info) == 0 && (info.st_mode & 0050) == 0050;
}

}  // namespace

Result<void> check_slot_file(std::string_view bytes, const std::string& name) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::Invalid, fmt::format("state of slot '{}' cannot be used: {}", name, why));
  };
  if (bytes.size() < kShortest) return refuse("it is too short");
  if (number_at(bytes, 0) != kMagic) return refuse("it is no state file of this kind of machine");
  if (number_at(bytes, kLengthAt) != bytes.size() - kNameAt) return refuse("its length is wrong");
  if (number_at(bytes, kChecksumAt) != crc32c(bytes.substr(kFormatAt))) return refuse("its checksum is wrong");
  const std::string_view field = bytes.substr(kNameAt, kNameSize);
  if (field.substr(0, field.find('\0')) != name) return refuse("it is another slot's");
  if (number_at(bytes, kDatabaseAt) == 0) return refuse("the slot is not logical");
  if (number_at(bytes, kPersistencyAt) != kPersistent) return refuse("the slot does not last");
  return {};
}

Lsn restart_position(std::string_view bytes) {
  Lsn lsn;
  if (bytes.size() >= kShortest) std::memcpy(&lsn.bytes, bytes.data() + kRestartAt, sizeof lsn.bytes);
  return lsn;
}

Result<void> install_slot_file(const std::string& data_dir, const std::string& name, std::string_view bytes) {
  namespace fs = std::filesystem;
  const std::string slots = join_path(data_dir, "pg_replslot");
  const std::string place = join_path(slots, name);
  if (path_exists(place)) return {};
  const std::string draft = place + ".tmp";
  std::error_code ec;
  fs::remove_all(draft, ec);
  if (ec) return Error(ErrorCode::Io, fmt::format("cannot remove {}: {}", draft, ec.message()));
  const bool group = group_may_read(data_dir);
  if (auto made = create_directory(draft, group ? kGroupDirectory : kPrivateDirectory); !made) return made;
  if (auto written = write_file_atomic(join_path(draft, "state"), bytes, group ? 0640 : 0600); !written) return written;
  if (auto renamed = rename_file(draft, place); !renamed) return renamed;
  return sync_directory(slots);
}

}  // namespace tamada
