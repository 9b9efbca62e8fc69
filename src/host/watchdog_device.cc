#include "host/watchdog_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/files.h"
#include "host/unique_fd.h"

namespace tamada {

namespace {

constexpr int kTestingTimeout = 60;

class OpenedDevice : public WatchdogDevice {
 public:
  Result<void> open(const std::string& path) override {
    path_ = path;
    fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd_) return errno_error("cannot open watchdog", path, errno);
    return {};
  }
  Result<void> keepalive() override { return put("1"); }
  Result<void> close(bool disarm) override {
    auto written = disarm ? put("V") : Result<void>();
    fd_.reset();
    return written;
  }
  bool writable(const std::string& path) const override { return ::access(path.c_str(), W_OK) == 0; }

 protected:
  Result<void> put(const std::string& text) {
    if (::write(fd_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
    return errno_error("cannot write to watchdog", path_, errno);
  }
  std::string path_;
  UniqueFd fd_;
};

class LinuxDevice final : public OpenedDevice {
 public:
  Result<Support> support() override {
    watchdog_info info{};
    if (::ioctl(fd_.get(), WDIOC_GETSUPPORT, &info) != 0) return errno_error("cannot query watchdog", path_, errno);
    Support support;
    support.set_timeout = (info.options & WDIOF_SETTIMEOUT) != 0;
    support.magic_close = (info.options & WDIOF_MAGICCLOSE) != 0;
    const char* identity = reinterpret_cast<const char*>(info.identity);
    support.identity.assign(identity, ::strnlen(identity, sizeof info.identity));
    return support;
  }
  Result<void> set_timeout(int seconds) override {
    if (seconds < 1 || seconds > 65534)
      return Error(ErrorCode::Invalid, fmt::format("watchdog timeout {} is not within 1 and 65534", seconds));
    if (::ioctl(fd_.get(), WDIOC_SETTIMEOUT, &seconds) != 0)
      return errno_error("cannot set the timeout of", path_, errno);
    return {};
  }
  Result<int> timeout() override {
    int seconds = 0;
    if (::ioctl(fd_.get(), WDIOC_GETTIMEOUT, &seconds) != 0)
      return errno_error("cannot get the timeout of", path_, errno);
    return seconds;
  }
};

class TestingDevice final : public OpenedDevice {
 public:
  Result<Support> support() override { return Support{true, true, "testing"}; }
  Result<void> set_timeout(int seconds) override {
    timeout_ = seconds;
    return put(fmt::format("Ctimeout={}\n", seconds));
  }
  Result<int> timeout() override { return timeout_; }

 private:
  int timeout_ = kTestingTimeout;
};

}  // namespace

std::unique_ptr<WatchdogDevice> make_watchdog_device(const std::string& driver) {
  if (driver == "testing") return std::make_unique<TestingDevice>();
  return std::make_unique<LinuxDevice>();
}

}  // namespace tamada
