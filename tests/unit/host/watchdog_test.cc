#include <fcntl.h>
#include <gtest/gtest.h>

#include "host/files.h"
#include "host/linux_watchdog.h"
#include "host/system_clock.h"
#include "support/run_task.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

using testing::run_task;
using Mode = WatchdogSettings::Mode;

class Lines final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return true; }
  void write(LogLevel, std::string_view, std::string text) override { text_ += text + "\n"; }
  std::string text_;
};

// What happened to the device, in order; the device behaves as told.
struct Tape {
  std::string text;
  bool opens = true;
  WatchdogDevice::Support support{true, true, "recorded"};
  int timeout = 60;
  bool accepts_timeout = true;
};

class RecordedDevice final : public WatchdogDevice {
 public:
  explicit RecordedDevice(Tape& tape) : tape_(tape) {}
  Result<void> open(const std::string&) override {
    tape_.text += "open ";
    if (tape_.opens) return {};
    return Error(ErrorCode::Denied, "no access");
  }
  Result<Support> support() override { return tape_.support; }
  Result<void> set_timeout(int seconds) override {
    tape_.text += "set" + std::to_string(seconds) + " ";
    if (tape_.accepts_timeout) tape_.timeout = seconds;
    return {};
  }
  Result<int> timeout() override { return tape_.timeout; }
  Result<void> keepalive() override {
    tape_.text += "1 ";
    return {};
  }
  Result<void> close(bool disarm) override {
    tape_.text += disarm ? "V close " : "close ";
    return {};
  }
  bool writable(const std::string&) const override { return tape_.opens; }

 private:
  Tape& tape_;
};

class WatchdogTest : public ::testing::Test {
 protected:
  void configure(Mode mode, int ttl = 30, int loop_wait = 10, int margin = 5) {
    WatchdogSettings settings;
    settings.mode = mode;
    settings.safety_margin = margin;
    watchdog_.update_settings(settings, std::chrono::seconds(ttl), std::chrono::seconds(loop_wait));
  }
  Result<bool> activate() { return run_task(io_, watchdog_.activate()); }

  boost::asio::io_context io_;
  SystemClock clock_;
  BlockingPool pool_{clock_};
  Lines log_;
  Tape tape_;
  LinuxWatchdog watchdog_{clock_, pool_, Logger(log_, "watchdog"),
                          [this](const std::string&) { return std::make_unique<RecordedDevice>(tape_); }};
};

TEST_F(WatchdogTest, is_armed_with_ttl_less_the_margin_and_stopped_by_the_magic_character) {
  configure(Mode::Automatic);
  EXPECT_TRUE(*activate());
  EXPECT_TRUE(watchdog_.running());
  watchdog_.keepalive();
  run_task(io_, watchdog_.disable());
  EXPECT_EQ(tape_.text, "open set25 1 1 V close ");
  EXPECT_FALSE(watchdog_.running());
}

TEST_F(WatchdogTest, a_margin_of_minus_one_is_half_the_ttl_and_no_margin_eats_more_than_half) {
  configure(Mode::Automatic, 31, 5, -1);
  ASSERT_TRUE(*activate());
  EXPECT_EQ(tape_.text, "open set15 1 ");
  run_task(io_, watchdog_.disable());
  tape_.text.clear();
  configure(Mode::Automatic, 6, 1);
  ASSERT_TRUE(*activate());
  EXPECT_EQ(tape_.text, "open set3 1 ");
}

TEST_F(WatchdogTest, off_touches_nothing) {
  configure(Mode::Off);
  EXPECT_FALSE(*activate());
  EXPECT_TRUE(watchdog_.healthy());
  EXPECT_EQ(tape_.text, "");
}

TEST_F(WatchdogTest, a_device_that_cannot_be_opened_is_an_error_only_when_required) {
  tape_.opens = false;
  configure(Mode::Automatic);
  EXPECT_FALSE(*activate());
  EXPECT_TRUE(watchdog_.healthy());
  configure(Mode::Required);
  EXPECT_FALSE(activate());
  EXPECT_FALSE(watchdog_.healthy());
  // Not tried again until something changes.
  tape_.text.clear();
  EXPECT_FALSE(activate());
  EXPECT_EQ(tape_.text, "");
}

TEST_F(WatchdogTest, a_device_that_takes_longer_than_wanted_is_refused_when_required_and_stopped_again) {
  tape_.accepts_timeout = false;
  configure(Mode::Required);
  EXPECT_FALSE(activate());
  EXPECT_EQ(tape_.text, "open set25 V close ");
  tape_.text.clear();
  configure(Mode::Automatic);
  EXPECT_TRUE(*activate());
  EXPECT_NE(log_.text_.find("does not ensure safe termination"), std::string::npos);
}

TEST_F(WatchdogTest, a_ttl_too_small_for_the_loop_is_refused_when_required) {
  configure(Mode::Required, 12, 10);
  EXPECT_FALSE(activate());
  EXPECT_FALSE(watchdog_.healthy());
  EXPECT_EQ(tape_.text, "");
}

TEST_F(WatchdogTest, a_device_without_magic_close_warns_that_the_host_will_be_reset) {
  tape_.support.magic_close = false;
  configure(Mode::Automatic);
  ASSERT_TRUE(*activate());
  run_task(io_, watchdog_.disable());
  EXPECT_EQ(tape_.text, "open set25 1 1 close ");
  EXPECT_NE(log_.text_.find("Host will be reset"), std::string::npos);
}

TEST_F(WatchdogTest, a_changed_ttl_is_applied_at_the_next_keepalive) {
  configure(Mode::Automatic);
  ASSERT_TRUE(*activate());
  tape_.text.clear();
  configure(Mode::Automatic, 20, 5);
  EXPECT_EQ(tape_.text, "");
  watchdog_.keepalive();
  EXPECT_EQ(tape_.text, "set15 1 ");
}

TEST(TestingWatchdog, writes_what_scripts_expect_into_its_file) {
  testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory / "fifo", "", 0600));
  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool(clock);
  Lines lines;
  LinuxWatchdog watchdog(clock, pool, Logger(lines, "watchdog"));
  WatchdogSettings settings;
  settings.mode = Mode::Required;
  settings.driver = "testing";
  settings.device = directory / "fifo";
  watchdog.update_settings(settings, 30s, 10s);
  EXPECT_TRUE(watchdog.healthy());
  ASSERT_TRUE(*run_task(io, watchdog.activate()));
  watchdog.keepalive();
  run_task(io, watchdog.disable());
  EXPECT_EQ(*read_file(directory / "fifo"), "Ctimeout=25\n11V");
}

}  // namespace
}  // namespace tamada
