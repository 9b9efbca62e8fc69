// The status line of the log: at each change and once a loop_wait, but not at each of many failing attempts.
#include "engine/status_log.h"

#include <gtest/gtest.h>

#include "support/log_capture.h"

namespace tamada {
namespace {

struct Told {
  void tell(const std::string& status, std::optional<Instant> failed_at = {}) {
    log.tell(status, "XX-01", failed_at, now, 10s);
  }
  test::LogCapture lines;
  Instant now{1000s};
  StatusLog log{Logger(lines, "test")};
};

TEST(StatusLog, tells_each_change_and_the_rest_once_a_loop_wait) {
  Told t;
  t.tell("leading");
  t.now += 1s;
  t.tell("leading");
  EXPECT_EQ(t.lines.count("leading [XX-01]"), 1);
  t.tell("demoting");
  t.tell("leading");
  EXPECT_EQ(t.lines.count("leading [XX-01]"), 2);
  t.now += 10s - 20ms;
  t.tell("leading");
  EXPECT_EQ(t.lines.count("leading [XX-01]"), 3);
}

TEST(StatusLog, tells_each_text_of_attempts_that_fail_again_and_again_once) {
  Told t;
  t.tell("starting");
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Instant failed_at = t.now;
    t.tell("failed to start", failed_at);
    t.now += 400ms;
    t.tell("starting", failed_at);
  }
  EXPECT_EQ(t.lines.count("failed to start"), 1);
  EXPECT_EQ(t.lines.count("starting"), 1);
  t.tell("waiting for a leader", t.now);
  EXPECT_EQ(t.lines.count("waiting for a leader"), 1) << "another text is a change";
  t.now += 10s;
  t.tell("failed to start", t.now);
  EXPECT_EQ(t.lines.count("failed to start"), 2) << "once a loop_wait it is told how things are";
}

TEST(StatusLog, begins_anew_once_something_succeeded) {
  Told t;
  t.tell("starting");
  t.tell("failed to start", t.now);
  t.tell("running");
  t.tell("starting");
  t.tell("failed to start", t.now);
  EXPECT_EQ(t.lines.count("starting"), 2);
  EXPECT_EQ(t.lines.count("failed to start"), 2);
}

}  // namespace
}  // namespace tamada
