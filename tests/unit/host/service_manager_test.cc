#include "host/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/async.h"
#include "host/unique_fd.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Listens at an abstract address, as systemd does in containers.
class ServiceManagerTest : public ::testing::Test {
 protected:
  ServiceManagerTest() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    const std::string name = "@tamada-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~ServiceManagerTest() override {
    clock_.run(scope_.stop());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }

  std::vector<std::string> told() {
    std::vector<std::string> all;
    char buffer[512];
    for (ssize_t n; (n = ::recv(socket_.get(), buffer, sizeof buffer, 0)) > 0;)
      all.emplace_back(buffer, static_cast<std::size_t>(n));
    return all;
  }
  void begin() { scope_.spawn(manager_.keep_telling()); }

  test::ManualClock clock_;
  UniqueFd socket_;
  std::string status_;
  ServiceManager manager_{clock_, [this] { return status_; }};
  TaskScope scope_{clock_.executor()};
};

TEST_F(ServiceManagerTest, readiness_is_told_once_and_a_status_only_when_it_changes) {
  begin();
  clock_.advance(3s);
  EXPECT_THAT(told(), IsEmpty());
  manager_.ready();
  manager_.ready();
  status_ = "no action. I am (n1)";
  clock_.advance(3s);
  EXPECT_THAT(told(), ElementsAre("READY=1", "STATUS=no action. I am (n1)"));
  status_ = "two\nREADY=0";
  clock_.advance(3s);
  EXPECT_THAT(told(), ElementsAre("STATUS=two READY=0"));
}

TEST_F(ServiceManagerTest, who_tells_what_it_waits_for_is_ready) {
  begin();
  status_ = "waiting for the store: refused";
  clock_.advance(2s);
  EXPECT_THAT(told(), ElementsAre("READY=1", "STATUS=waiting for the store: refused"));
}

TEST_F(ServiceManagerTest, a_reload_is_told_from_beginning_to_end_but_not_before_readiness_nor_after_stopping) {
  manager_.reloading();
  manager_.reloaded();
  EXPECT_THAT(told(), IsEmpty());
  manager_.ready();
  manager_.reloading();
  manager_.reloaded();
  EXPECT_THAT(told(), ElementsAre("READY=1", StartsWith("RELOADING=1\nMONOTONIC_USEC="), "READY=1"));
  manager_.stopping();
  manager_.stopping();
  manager_.reloaded();
  manager_.ready();
  EXPECT_THAT(told(), ElementsAre("STOPPING=1\nSTATUS=stopping"));
}

TEST_F(ServiceManagerTest, the_watchdog_hears_three_times_an_interval_also_while_it_stops) {
  ::setenv("WATCHDOG_USEC", "600000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  begin();
  manager_.ready();
  manager_.stopping();
  status_ = "something else";
  clock_.advance(500ms);
  EXPECT_THAT(told(), ElementsAre("READY=1", "STOPPING=1\nSTATUS=stopping", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST_F(ServiceManagerTest, a_watchdog_of_another_process_or_without_a_number_is_none) {
  EXPECT_FALSE(service_watchdog_interval());
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(service_watchdog_interval(), Duration(30s));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(service_watchdog_interval());
  ::unsetenv("WATCHDOG_PID");
  for (const char* wrong : {"", "0", "-5", "12x"}) {
    ::setenv("WATCHDOG_USEC", wrong, 1);
    EXPECT_FALSE(service_watchdog_interval()) << wrong;
  }
}

}  // namespace
}  // namespace tamada
