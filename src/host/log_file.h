// patroni.log with Python's rotation: patroni.log.1 is the newest old file (configuration.md 5.3). Used by one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/unique_fd.h"

namespace tamada {

class LogFile {
 public:
  struct Limits {
    std::int64_t size = 25000000;  // 0 = no rotation
    int files = 4;                 // old ones; 0 = no rotation
    std::optional<int> mode;       // of the file each time it is opened; else 0666 less the umask
    bool operator==(const Limits&) const = default;
  };
  // The directory must exist.
  explicit LogFile(std::string directory);
  void set_limits(const Limits& limits) { limits_ = limits; }
  // Appends the line; rotates before it when the file would reach the limit.
  Result<void> write(std::string_view line);
  const std::string& directory() const { return directory_; }

 private:
  Result<void> open();
  void rotate();
  std::string directory_;
  std::string path_;
  Limits limits_;
  UniqueFd fd_;
  std::int64_t size_ = 0;
};

}  // namespace tamada
