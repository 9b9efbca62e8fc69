#include "store/catalogue/store_catalogue.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "model/settings_schema.h"
#include "support/log_capture.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

struct NoNames final : Resolver {
  Task<Result<std::vector<std::string>>> resolve(std::string, Instant) override {
    co_return Error(ErrorCode::Unavailable, "no names here");
  }
  Task<Result<std::vector<SrvRecord>>> resolve_srv(std::string, Instant) override {
    co_return Error(ErrorCode::Unavailable, "no names here");
  }
  void distrust(const std::string&) override {}
};

struct StoreCatalogue : ::testing::Test {
  Result<OpenedStore> open(const std::string& section) {
    Settings settings;
    settings.store = section;
    return open_store({io.get_executor(), clock, names, Logger(log, "test")}, settings);
  }
  boost::asio::io_context io;
  test::ManualClock clock;
  NoNames names;
  test::LogCapture log;
};

// Schema and catalogue tell the same: what the validation lets through can be opened.
TEST_F(StoreCatalogue, OpensEverySectionThatTheSchemaSaysIsServed) {
  int served = 0;
  for (std::string_view section : store_sections()) {
    const auto opened = open(std::string(section));
    EXPECT_EQ(bool(opened), store_is_served(section)) << section;
    if (!opened) continue;
    ++served;
    EXPECT_EQ(opened->store->kind(), section);
    EXPECT_TRUE(opened->update_settings) << section;
  }
  EXPECT_GT(served, 0);
}

TEST_F(StoreCatalogue, SaysWhatIsServedWhenASectionIsNot) {
  const auto opened = open("raft");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("etcd3"), std::string::npos) << opened.error().text();
  EXPECT_NE(open("").error().text().find("Can not find suitable configuration"), std::string::npos);
}

}  // namespace
}  // namespace tamada
