#include "host/settings_probe.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace tamada {
namespace {

TEST(SettingsProbe, tells_whether_somebody_listens) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto probe = machine_probe();
  EXPECT_FALSE(probe.connects("127.0.0.1", ntohs(address.sin_port)));
  ASSERT_EQ(listen(fd, 1), 0);
  EXPECT_TRUE(probe.connects("127.0.0.1", ntohs(address.sin_port)));
  close(fd);
}

TEST(SettingsProbe, looks_at_directories_and_programs) {
  std::string pattern = testing::TempDir() + "/probe.XXXXXX";
  const std::string directory = mkdtemp(pattern.data());
  const auto probe = machine_probe();
  EXPECT_TRUE(probe.is_empty_directory(directory));
  const std::string program = directory + "/it's postgres";
  std::ofstream(program) << "#!/bin/sh\necho 'postgres (PostgreSQL) 15.2 (Debian 15.2-1)'\n";
  EXPECT_FALSE(probe.has_program(directory, "it's postgres"));
  chmod(program.c_str(), 0700);
  EXPECT_TRUE(probe.has_program(directory, "it's postgres"));
  EXPECT_EQ(probe.server_version(directory, "it's postgres"), "15");
  std::ofstream(program) << "#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n";
  EXPECT_EQ(probe.server_version(directory, "it's postgres"), "9.6");
  EXPECT_FALSE(probe.server_version(directory, "none"));
  EXPECT_FALSE(probe.is_empty_directory(directory));
  EXPECT_TRUE(probe.has_program("", "sh"));
  EXPECT_FALSE(probe.has_program("", "no-such-program-here"));
  unlink(program.c_str());
  rmdir(directory.c_str());
}

}  // namespace
}  // namespace tamada
