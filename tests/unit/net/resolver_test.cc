#include "net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "support/run_task.h"

namespace tamada {
namespace {

using Addresses = Result<std::vector<std::string>>;

Instant real_now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// Look-ups that a test answers, lets fail or holds back; the clock can be moved on.
struct Names {
  std::mutex mutex;
  std::condition_variable changed;
  std::string address = "10.0.0.1";
  bool down = false;
  bool hanging = false;
  int asked = 0;
  Duration ahead{0};

  Addresses lookup(const std::string& host) {
    std::unique_lock lock(mutex);
    ++asked;
    changed.wait(lock, [this] { return !hanging; });
    if (down) return Error(ErrorCode::Unavailable, "no name server answers for " + host);
    return std::vector<std::string>{address};
  }
  void set(bool is_down, bool is_hanging, std::string new_address = "10.0.0.1") {
    const std::lock_guard lock(mutex);
    down = is_down;
    hanging = is_hanging;
    address = std::move(new_address);
    changed.notify_all();
  }
  int times_asked() {
    const std::lock_guard lock(mutex);
    return asked;
  }
};

class ResolverTest : public ::testing::Test {
 protected:
  std::shared_ptr<Names> names_ = std::make_shared<Names>();
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  SystemResolver resolver_{io_.get_executor(), [this] { return now(); },
                           NameLookups{[names = names_](const std::string& host) { return names->lookup(host); },
                                       [](const std::string&) -> Result<std::vector<SrvRecord>> {
                                         return Error(ErrorCode::NotFound, "none");
                                       }}};

  Instant now() const { return real_now() + names_->ahead; }
  Addresses ask(Duration limit = 2s) { return testing::run_task(io_, resolver_.resolve("etcd1", now() + limit)); }
  ~ResolverTest() override { names_->set(false, false); }
};

TEST_F(ResolverTest, a_numeric_host_answers_itself_without_a_look_up) {
  auto v6 = testing::run_task(io_, resolver_.resolve("::1", now()));
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->front(), "::1");
  EXPECT_EQ(names_->times_asked(), 0);
}

TEST_F(ResolverTest, a_known_name_is_answered_without_asking_again) {
  ASSERT_TRUE(ask());
  ASSERT_TRUE(ask());
  EXPECT_EQ(names_->times_asked(), 1);
}

TEST_F(ResolverTest, a_known_name_survives_an_outage_of_the_name_servers) {
  ASSERT_TRUE(ask());
  names_->set(true, false);
  names_->ahead = 3600s;
  auto stale = ask();
  ASSERT_TRUE(stale) << stale.error().text();
  EXPECT_EQ(stale->front(), "10.0.0.1");
  EXPECT_GE(names_->times_asked(), 2);
}

TEST_F(ResolverTest, the_deadline_holds_while_the_name_server_hangs) {
  names_->set(false, true);
  const Instant began = real_now();
  auto answer = ask(200ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Timeout);
  EXPECT_LT(real_now() - began, 1s);
}

TEST_F(ResolverTest, a_known_name_costs_no_time_while_the_name_server_hangs) {
  ASSERT_TRUE(ask());
  names_->set(false, true);
  names_->ahead = 3600s;
  ASSERT_TRUE(ask());  // the first one gives the name server a moment
  const Instant began = real_now();
  ASSERT_TRUE(ask());
  EXPECT_LT(real_now() - began, 100ms);
}

TEST_F(ResolverTest, distrusted_addresses_are_asked_for_again) {
  ASSERT_TRUE(ask());
  names_->set(false, false, "10.0.0.2");
  names_->ahead = 5s;
  resolver_.distrust("etcd1");
  ASSERT_TRUE(ask());  // answered from memory, asked for behind the scenes
  const Instant until = real_now() + 5s;
  std::string seen;
  while (seen != "10.0.0.2" && real_now() < until) {
    auto answer = ask();
    ASSERT_TRUE(answer);
    seen = answer->front();
    io_.restart();
    io_.run_one_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(seen, "10.0.0.2");
}

TEST_F(ResolverTest, an_unknown_name_that_failed_is_not_asked_for_at_once_again) {
  names_->set(true, false);
  EXPECT_FALSE(ask());
  EXPECT_FALSE(ask());
  EXPECT_EQ(names_->times_asked(), 1);
  names_->ahead = 10s;
  names_->set(false, false);
  EXPECT_TRUE(ask());
}

TEST(Resolver, a_look_up_that_hangs_does_not_hold_up_the_end_of_the_program) {
  auto names = std::make_shared<Names>();
  names->set(false, true);
  const Instant began = real_now();
  {
    boost::asio::io_context io;
    auto work = boost::asio::make_work_guard(io);
    SystemResolver resolver(io.get_executor(), real_now,
                            {[names](const std::string& host) { return names->lookup(host); }, {}});
    EXPECT_FALSE(testing::run_task(io, resolver.resolve("x", real_now() + 50ms)));
  }
  EXPECT_LT(real_now() - began, 1s);
  names->set(false, false);
}

TEST(Resolver, the_system_knows_localhost) {
  boost::asio::io_context io;
  auto work = boost::asio::make_work_guard(io);
  SystemResolver resolver(io.get_executor(), real_now);
  auto answer = testing::run_task(io, resolver.resolve("localhost", real_now() + 5s));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_TRUE(answer->front() == "127.0.0.1" || answer->front() == "::1");
}

}  // namespace
}  // namespace tamada
