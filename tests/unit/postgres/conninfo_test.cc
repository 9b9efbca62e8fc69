#include "postgres/conninfo.h"

#include <gtest/gtest.h>

#include "postgres/local_address.h"

namespace tamada {
namespace {

TEST(Conninfo, keys_stand_in_the_documented_order_whatever_the_order_they_were_set_in) {
  Conninfo info;
  info.set("application_name", "n1").set("zz_own", "x").set("port", "5433").set("host", "10.0.0.1").set("user", "repl");
  info.set("dbname", "postgres").set("sslmode", "");
  EXPECT_EQ(info.text(), "dbname=postgres user=repl host=10.0.0.1 port=5433 application_name=n1 zz_own=x");
}

TEST(Conninfo, every_value_survives_libpqs_own_parser) {
  for (const std::string& value :
       {std::string("plain"), std::string("it's"), std::string("a\\b"), std::string("a b"), std::string("tab\there"),
        std::string("line\nend"), std::string("'quoted'"), std::string("\\"), std::string("=x"), std::string("ü€")}) {
    Conninfo info;
    info.set("user", "u").set("password", value).set("host", "h");
    auto parsed = parse_conninfo(info.text());
    ASSERT_TRUE(parsed) << value << ": " << parsed.error().text();
    EXPECT_EQ(parsed->get("password"), value);
    EXPECT_EQ(parsed->get("host"), "h");
  }
}

TEST(Conninfo, both_forms_are_read) {
  auto url = parse_conninfo("postgres://repl:p%40ss@10.0.0.1:5433,10.0.0.2/db?sslmode=require");
  ASSERT_TRUE(url) << url.error().text();
  EXPECT_EQ(url->get("user"), "repl");
  EXPECT_EQ(url->get("password"), "p@ss");
  EXPECT_EQ(url->get("host"), "10.0.0.1,10.0.0.2");
  EXPECT_EQ(url->get("sslmode"), "require");
  EXPECT_FALSE(parse_conninfo("host='open"));
  EXPECT_FALSE(parse_conninfo("nonsense=1"));
  EXPECT_FALSE(parse_conninfo(std::string_view("host=a\0b", 8)));
}

TEST(Conninfo, what_goes_to_a_log_or_into_a_url_holds_no_password) {
  Conninfo info;
  info.set("dbname", "my db").set("user", "o'user").set("password", "secret").set("sslpassword", "secret");
  info.set("host", "/run/pg").set("port", "5432");
  EXPECT_EQ(info.for_log().find("secret"), std::string::npos);
  EXPECT_EQ(info.url(), "postgres://o%27user@%2Frun%2Fpg:5432/my%20db");
  info.set("sslmode", "verify-full").set("sslrootcert", "/etc/ca file.crt");
  EXPECT_EQ(info.url(),
            "postgres://o%27user@%2Frun%2Fpg:5432/my%20db?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20file.crt");
  auto read = parse_conninfo(info.url());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), info.without("password").without("sslpassword").text());
}

TEST(Conninfo, only_documented_keys_of_an_authentication_entry_are_taken) {
  Credentials credentials = {{"username", "u"}, {"password", "p"}, {"sslmode", "verify-full"}, {"options", "-c x=y"}};
  Conninfo info = make_conninfo(credentials, {"h", "5432"}, "db");
  EXPECT_EQ(info.text(), "dbname=db user=u password=p host=h port=5432 sslmode=verify-full");
}

TEST(PasswordFile, colons_and_backslashes_are_escaped_and_missing_fields_are_stars) {
  EXPECT_EQ(pgpass_line("h:1", "", "u\\x", "p:w\\"), "h\\:1:*:*:u\\\\x:p\\:w\\\\");
  EXPECT_EQ(pgpass_content({"a,b", "5432,5433"}, {{"username", "u"}, {"password", "p"}}),
            "a:5432:*:u:p\nb:5433:*:u:p\n");
  EXPECT_EQ(pgpass_content({"/run/pg", "5432"}, {{"username", "u"}, {"password", "p"}}),
            "/run/pg:5432:*:u:p\nlocalhost:5432:*:u:p\n");
  EXPECT_EQ(pgpass_content({"a", "5432"}, {{"username", "u"}}), "");
}

TEST(LocalTarget, follows_the_rules_for_sockets_and_listen_addresses) {
  PostgresSettings settings;
  settings.port = 5433;
  settings.listen_addresses = "10.0.0.1, 127.0.0.1";
  EXPECT_EQ(local_target(settings, LocalUse::Sql), (ConnectTarget{"localhost", "5433"}));
  settings.listen_addresses = "10.0.0.1,10.0.0.2";
  EXPECT_EQ(local_target(settings, LocalUse::Sql), (ConnectTarget{"10.0.0.1", "5433"}));
  settings.use_unix_socket = true;
  EXPECT_EQ(local_target(settings, LocalUse::Sql), (ConnectTarget{"", "5433"}));
  EXPECT_EQ(local_target(settings, LocalUse::Replication), (ConnectTarget{"10.0.0.1", "5433"}));
  settings.parameters["Unix_Socket_Directories"] = "@abstract, '/run/pg', /tmp";
  EXPECT_EQ(local_target(settings, LocalUse::Sql), (ConnectTarget{"/run/pg", "5433"}));
  settings.parameters["Unix_Socket_Directories"] = "";
  EXPECT_EQ(local_target(settings, LocalUse::Sql), (ConnectTarget{"10.0.0.1", "5433"}));
}

}  // namespace
}  // namespace tamada
