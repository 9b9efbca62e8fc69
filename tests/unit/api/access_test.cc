#include "api/access.h"

#include <gtest/gtest.h>

#include "api/client_standing.h"

namespace tamada {
namespace {

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() { request.client = &client; }
  int status(ClientStanding standing = {}) {
    const auto refused = refuse_access(settings, request, standing);
    text = refused ? refused->body : "";
    return refused ? refused->status : 200;
  }
  RestApiSettings settings;
  HttpClientInfo client;
  HttpServerRequest request;
  std::string text;
};

TEST_F(AccessTest, without_any_protection_only_this_host_and_members_may) {
  EXPECT_EQ(status(), 403);
  EXPECT_TRUE(text.starts_with("Access is denied")) << text;
  EXPECT_EQ(status({.on_this_host = true}), 200);
  EXPECT_EQ(status({.is_member = true}), 200);
  settings.open_writes = true;
  EXPECT_EQ(status(), 200);
}

TEST_F(AccessTest, credentials_are_compared_exactly) {
  settings.username = "admin";
  settings.password = "secret:with:colons";
  EXPECT_EQ(status({.on_this_host = true}), 401);
  EXPECT_EQ(text, "no auth header received");
  const std::pair<const char*, int> headers[] = {
      {"Basic YWRtaW46c2VjcmV0OndpdGg6Y29sb25z", 200},
      {"Basic YWRtaW46c2VjcmV0OndpdGg6Y29sb25", 401},
      {"Basic YWRtaW46c2VjcmV0", 401},
      {"basic YWRtaW46c2VjcmV0OndpdGg6Y29sb25z", 401},
      {"Bearer x", 401},
      {"", 401},
  };
  for (const auto& [header, code] : headers) {
    request.headers = {{"authorization", header}};
    EXPECT_EQ(status(), code) << header;
    if (code == 401) EXPECT_EQ(text, "not authenticated") << header;
  }
}

TEST_F(AccessTest, a_401_names_the_scheme) {
  settings.username = "admin";
  const auto refused = refuse_access(settings, request, {});
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->headers.size(), 1u);
  EXPECT_EQ(refused->headers[0].first, "WWW-Authenticate");
  EXPECT_EQ(refused->headers[0].second, "Basic realm=\"Patroni\"");
}

TEST_F(AccessTest, a_page_is_not_challenged_so_that_no_browser_keeps_the_password) {
  settings.username = "admin";
  request.headers = {{"Origin", "http://10.0.0.1:8008"}};
  const auto refused = refuse_access(settings, request, {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_TRUE(refused->headers.empty());
}

TEST_F(AccessTest, only_pages_of_this_api_may_change_things) {
  struct Case {
    const char* origin;
    const char* host;
    bool allowed;
  };
  const Case cases[] = {
      {"http://10.0.0.1:8008", "10.0.0.1:8008", true},
      {"http://[fe80::1]:8008", "[fe80::1]:8008", true},
      {"http://Localhost:8008", "localhost:8008", true},
      {"http://db1.example:8008", "DB1.example:8008", true},
      {"https://db1.example", "db1.example", true},
      {"https://db1.example", "db1.example:443", true},
      {"http://db1.example:80", "db1.example", true},
      {"http://10.0.0.1:9000", "10.0.0.1:8008", false},
      {"https://10.0.0.1", "10.0.0.1:8008", false},
      {"http://10.0.0.2:8008", "10.0.0.1:8008", false},
      {"http://evil.example", "10.0.0.1:8008", false},
      {"http://10.0.0.1.evil.example:8008", "10.0.0.1:8008", false},
      {"null", "10.0.0.1:8008", false},
      {"null", "null", false},
      {"", "", false},
      {"http://", "", false},
      {"http://10.0.0.1:8008", "", false},
  };
  settings.username = "admin";
  for (const Case& c : cases) {
    request.headers = {{"Host", c.host}, {"origin", c.origin}};
    const auto refused = refuse_origin(settings, request);
    EXPECT_EQ(!refused, c.allowed) << c.origin << " " << c.host;
    if (refused) EXPECT_EQ(refused->status, 403);
  }
  request.headers = {{"Host", "anything"}};
  EXPECT_FALSE(refuse_origin(settings, request)) << "no browser";
}

TEST_F(AccessTest, without_a_password_a_name_that_is_not_ours_is_taken_for_a_trick) {
  settings.listen = "0.0.0.0:8008";
  settings.connect_address = "db1.example:8008";
  const auto allowed = [this](const std::string& host) {
    request.headers = {{"Host", host + ":8008"}, {"Origin", "http://" + host + ":8008"}};
    return !refuse_origin(settings, request);
  };
  for (const char* ours : {"10.0.0.1", "[::1]", "localhost", "db1.example", "DB1.EXAMPLE"}) {
    EXPECT_TRUE(allowed(ours)) << ours;
  }
  EXPECT_FALSE(allowed("rebound.example"));
  settings.open_writes = true;
  EXPECT_FALSE(allowed("rebound.example"));
  settings.username = "admin";
  EXPECT_TRUE(allowed("alias.example")) << "nobody else has the password";
}

TEST_F(AccessTest, the_allowlist_comes_first) {
  settings.allowlist = {"10.0.0.0/8"};
  settings.username = "admin";
  EXPECT_EQ(status({.is_member = true, .on_this_host = true}), 403);
  EXPECT_EQ(text, "Access is denied");
  EXPECT_EQ(status({.in_allowlist = true}), 401);
  settings.allowlist_include_members = true;
  EXPECT_EQ(status({.is_member = true}), 401);
  settings.username.clear();
  EXPECT_EQ(status({.in_allowlist = true}), 200);
}

TEST_F(AccessTest, a_certificate_is_wanted_when_tls_asks_for_it) {
  settings.certfile = "x.crt";
  settings.verify_client = RestApiSettings::VerifyClient::Optional;
  client.tls = true;
  EXPECT_EQ(status({.on_this_host = true}), 403);
  EXPECT_EQ(text, "client certificate required");
  client.certificate_verified = true;
  EXPECT_EQ(status(), 200);
  settings.password = "x";
  EXPECT_EQ(status(), 401) << "certificate and credentials are checked independently";
}

TEST(ConstantTimeEqual, agrees_with_equality) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", ""));
  EXPECT_FALSE(constant_time_equal("", "abc"));
  EXPECT_FALSE(constant_time_equal("abcabc", "abc"));
}

TEST(AddressMatches, addresses_and_networks_of_both_families) {
  EXPECT_TRUE(address_matches("10.1.2.3", "10.1.2.3"));
  EXPECT_TRUE(address_matches("10.0.0.0/8", "10.1.2.3"));
  EXPECT_TRUE(address_matches("10.9.9.9/8", "10.1.2.3")) << "host bits do not matter";
  EXPECT_FALSE(address_matches("10.0.0.0/16", "10.1.2.3"));
  EXPECT_TRUE(address_matches("0.0.0.0/0", "192.0.2.1"));
  EXPECT_TRUE(address_matches("2001:db8::/32", "2001:db8:1::5"));
  EXPECT_TRUE(address_matches("2001:db8:0::5", "2001:db8::5"));
  EXPECT_FALSE(address_matches("::/0", "10.1.2.3"));
  for (const char* bad : {"", "host", "10.0.0.0/33", "10.0.0.0/x", "/", "10.0.0/8"}) {
    EXPECT_FALSE(address_matches(bad, "10.1.2.3")) << bad;
  }
}

TEST(IsThisHost, knows_loopback_and_the_address_it_was_reached_at) {
  EXPECT_TRUE(is_this_host({"127.0.0.1", "127.0.0.1", false, false}));
  EXPECT_TRUE(is_this_host({"127.8.8.8", "10.0.0.1", false, false}));
  EXPECT_TRUE(is_this_host({"::1", "::1", false, false}));
  EXPECT_TRUE(is_this_host({"192.0.2.7", "192.0.2.7", false, false}));
  EXPECT_FALSE(is_this_host({"192.0.2.8", "192.0.2.7", false, false}));
  EXPECT_FALSE(is_this_host({"", "", false, false}));
}

TEST(MemberHosts, a_failsafe_map_adds_what_the_view_does_not_show) {
  std::vector<std::string> hosts = {"h1"};
  add_hosts({{"n1", "http://h1:8008/patroni"}, {"n2", "https://[::1]:8008/patroni"}, {"n3", "nonsense"}}, hosts);
  EXPECT_EQ(hosts, (std::vector<std::string>{"h1", "::1"}));
}

}  // namespace
}  // namespace tamada
