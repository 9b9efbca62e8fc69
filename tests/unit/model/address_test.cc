#include "model/address.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using Hosts = std::vector<std::string>;

TEST(Address, hosts_share_one_port) {
  const auto both = parse_hosts_and_port("10.0.0.1, [::1]:5433");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->hosts, (Hosts{"10.0.0.1", "::1"}));
  EXPECT_EQ(both->port, 5433);
  EXPECT_EQ(parse_hosts_and_port("*:5432")->hosts, Hosts{"*"});
  EXPECT_EQ(parse_hosts_and_port(":8008")->hosts, Hosts{""});
  EXPECT_FALSE(parse_hosts_and_port("localhost")->port);
  EXPECT_FALSE(parse_hosts_and_port("localhost:0"));
  EXPECT_FALSE(parse_hosts_and_port("localhost:x"));
  EXPECT_FALSE(parse_hosts_and_port("localhost:70000"));
}

TEST(Address, an_ipv6_address_without_brackets_has_no_port) {
  EXPECT_EQ(parse_host_port("fe80::1", 8008), (HostPort{"fe80::1", 8008}));
  EXPECT_EQ(parse_host_port("[fe80::1]:1"), (HostPort{"fe80::1", 1}));
  EXPECT_EQ(parse_host_port("[fe80::1]", 2), (HostPort{"fe80::1", 2}));
  EXPECT_EQ(format_host_port("fe80::1", 2), "[fe80::1]:2");
  EXPECT_EQ(format_host_port("h", 2), "h:2");
  EXPECT_FALSE(parse_host_port("h"));
  EXPECT_FALSE(parse_host_port("a,b:1"));
}

TEST(Address, endpoint_urls_carry_credentials) {
  const auto url = parse_endpoint_url("HTTPS://us%40er:p%3Aw@[::1]:2379/path");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->username, "us@er");
  EXPECT_EQ(url->password, "p:w");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 2379);
  EXPECT_EQ(parse_endpoint_url("http://h")->port, 0);
  EXPECT_FALSE(parse_endpoint_url("h:2379"));
  EXPECT_FALSE(parse_endpoint_url("http://"));
  EXPECT_FALSE(parse_endpoint_url("://x"));
}

}  // namespace
}  // namespace tamada
