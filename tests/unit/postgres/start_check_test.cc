#include "postgres/start_check.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "support/temporary_directory.h"

namespace tamada {
namespace {

using boost::asio::ip::tcp;

class StartCheck : public ::testing::Test {
 protected:
  StartCheck() { chmod(site_.data_dir.c_str(), 0700); }
  Result<void> with_mode(mode_t mode) {
    chmod(site_.data_dir.c_str(), mode);
    return check_start_site(site_);
  }

  testing::TemporaryDirectory directory_;
  StartSite site_{.data_dir = directory_.path(), .data_version = 150000, .listen_addresses = "127.0.0.1", .port = 0};
};

TEST_F(StartCheck, a_directory_that_others_may_enter_is_told_with_its_mode) {
  EXPECT_TRUE(with_mode(0700));
  EXPECT_TRUE(with_mode(0750));
  for (mode_t mode : {0770, 0755, 0777}) {
    auto checked = with_mode(mode);
    ASSERT_FALSE(checked) << mode;
    EXPECT_EQ(checked.error().code, ErrorCode::Denied);
  }
  EXPECT_EQ(with_mode(0777).error().message,
            "data directory " + site_.data_dir + " has mode 0777; PostgreSQL accepts 0700 and 0750");
  site_.data_version = 100000;
  EXPECT_FALSE(with_mode(0750));
}

TEST_F(StartCheck, a_program_that_is_not_there_is_told_with_what_to_check) {
  site_.program = directory_.path() + "/postgres";
  auto checked = check_start_site(site_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "cannot run " + site_.program + ": no such file or directory");
  EXPECT_NE(checked.error().hint.find("postgresql.bin_dir"), std::string::npos);
  for (const char* there : {"/bin/sh", "postgres", ""}) {
    site_.program = there;
    EXPECT_TRUE(check_start_site(site_)) << there;
  }
}

TEST_F(StartCheck, a_port_that_another_process_has_is_told_with_its_number) {
  boost::asio::io_context io;
  tcp::acceptor taken(io, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  site_.port = taken.local_endpoint().port();
  for (const char* addresses : {"127.0.0.1", "*", "'127.0.0.1'", "0.0.0.0, 127.0.0.1"}) {
    site_.listen_addresses = addresses;
    auto checked = check_start_site(site_);
    ASSERT_FALSE(checked) << addresses;
    EXPECT_EQ(checked.error().code, ErrorCode::Conflict);
    EXPECT_NE(checked.error().message.find("port " + std::to_string(site_.port)), std::string::npos);
  }
  // One address is enough for PostgreSQL, and names are its own business.
  for (const char* addresses : {"127.0.0.1, 127.0.0.2", "localhost", "127.0.0.1,localhost", ""}) {
    site_.listen_addresses = addresses;
    EXPECT_TRUE(check_start_site(site_)) << addresses;
  }
}

TEST_F(StartCheck, a_connection_that_is_closing_does_not_hold_the_port) {
  boost::asio::io_context io;
  tcp::socket client(io), server(io);
  {
    tcp::acceptor listening(io, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
    site_.port = listening.local_endpoint().port();
    client.connect(listening.local_endpoint());
    listening.accept(server);
    server.close();
  }
  EXPECT_TRUE(check_start_site(site_));
}

TEST_F(StartCheck, an_address_of_another_machine_is_told) {
  site_.listen_addresses = "192.0.2.1";
  auto checked = check_start_site(site_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "192.0.2.1 is no address of this machine");
}

TEST(StartCheckVersion, only_what_postgresql_itself_prints_counts) {
  EXPECT_EQ(major_of_version_line("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), 150000);
  EXPECT_EQ(major_of_version_line("postgres (PostgreSQL) 9.6.24\n"), 90600);
  EXPECT_EQ(major_of_version_line("postgres (PostgreSQL) 18beta1\n"), 180000);
  EXPECT_EQ(major_of_version_line("edb-postgres 3.1 on 12\n"), 0);
  EXPECT_EQ(major_of_version_line(""), 0);
}

}  // namespace
}  // namespace tamada
