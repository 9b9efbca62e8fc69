#include <algorithm>
#include <array>

#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/address.h"
#include "model/settings_merge.h"
#include "model/settings_sections.h"

namespace tamada {

namespace {

bool one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Which words mean which mode; `on` and true ask for it and so require it.
std::optional<WatchdogSettings::Mode> watchdog_mode(const std::string& word) {
  if (one_of(word, {"off", "false", "disable", "disabled", "no", "0"})) return WatchdogSettings::Mode::Off;
  if (one_of(word, {"automatic", "auto"})) return WatchdogSettings::Mode::Automatic;
  if (one_of(word, {"required", "require", "on", "true", "yes", "1"})) return WatchdogSettings::Mode::Required;
  return std::nullopt;
}

std::string rest_listen(SettingReader& in, const Settings* previous) {
  const std::string text = in.text("restapi.listen");
  const auto parsed = parse_hosts_and_port(text);
  if (parsed && parsed->port && parsed->hosts.size() == 1) return text;
  const bool known = previous != nullptr && !previous->restapi.listen.empty();
  if (!text.empty() || known) {
    in.warn("Invalid \"restapi\" config: expected <HOST>:<PORT> for \"listen\", but got \"" + text + "\"" +
            (known ? "; using " + previous->restapi.listen : ""));
    in.note_reason("restapi.listen", "expected <HOST>:<PORT>");
    in.note_value("restapi.listen", known ? json::value(previous->restapi.listen) : json::value(nullptr));
  }
  return known ? previous->restapi.listen : "";
}

std::string rest_connect_address(SettingReader& in, const std::string& listen) {
  const auto own = parse_host_port(listen);
  const std::string text = in.text("restapi.connect_address");
  if (text.empty()) {
    in.note_origin("restapi.connect_address", "derived from restapi.listen");
    in.note_value("restapi.connect_address", json::value(listen));
    return listen;
  }
  const auto parsed = parse_host_port(text, own ? own->port : 0);
  if (parsed) return format_host_port(parsed->host, parsed->port);
  in.refuse("restapi.connect_address", "host:port", "using restapi.listen");
  in.note_value("restapi.connect_address", json::value(listen));
  return listen;
}

RestApiSettings::VerifyClient verify_client(const std::string& word) {
  if (word == "required") return RestApiSettings::VerifyClient::Required;
  if (word == "optional") return RestApiSettings::VerifyClient::Optional;
  return RestApiSettings::VerifyClient::None;
}

// Levels as Python knows them, or a number.
bool is_log_level(const std::string& level) {
  return one_of(level, {"DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL", "NOTSET"}) ||
         (!level.empty() && parse_integer(level).has_value());
}

std::string log_level(SettingReader& in, std::string_view path) {
  const std::string level = to_upper(in.text(path));
  if (is_log_level(level)) return level;
  in.refuse(path, "a level such as DEBUG, INFO, WARNING, ERROR, CRITICAL", "using INFO");
  in.note_value(path, json::value("INFO"));
  return "INFO";
}

std::map<std::string, std::string> logger_levels(SettingReader& in) {
  std::map<std::string, std::string> out;
  for (const auto& [name, level] : in.text_mapping("log.loggers")) {
    if (is_log_level(to_upper(level))) {
      out[name] = to_upper(level);
    } else {
      in.warn("log.loggers." + name + ": expected a level, found \"" + level + "\"; it is ignored");
    }
  }
  return out;
}

json::value log_format(SettingReader& in, const std::string& type) {
  const SettingRow* row = find_setting("log.format");
  const json::value* value = in.raw("log.format");
  const json::value standard(row->fallback);
  if (value == nullptr) {
    in.note_origin("log.format", "default");
    in.note_value("log.format", standard);
    return standard;
  }
  if (value->is_string()) return *value;
  if (value->is_array() && type == "json") return *value;
  in.refuse("log.format", type == "json" ? "a pattern or a list of fields" : "a pattern", "using the default pattern");
  in.note_value("log.format", standard);
  return standard;
}

void apply_url(SettingReader& in, const std::string& path, EtcdSettings& out) {
  const auto url = parse_endpoint_url(in.text(path));
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    in.refuse(path, "a URL such as https://host:2379", "it is ignored");
    return;
  }
  out.hosts = {format_host_port(url->host, url->port == 0 ? 2379 : url->port)};
  out.protocol = url->scheme;
  // The URL decides about user and password too, even when it has none.
  out.username = url->username;
  out.password = url->password;
}

void add_hosts(SettingReader& in, const std::string& path, int port, EtcdSettings& out) {
  for (const std::string& text : in.text_list(path)) {
    const auto host = parse_host_port(text, port);
    if (host && !host->host.empty()) {
      out.hosts.push_back(format_host_port(host->host, host->port));
    } else {
      in.warn(path + ": expected host:port, found \"" + text + "\"; the item is ignored");
    }
  }
}

std::string first_text(SettingReader& in, const std::string& section, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (auto value = in.optional_text(join_key(section, name)); value && !value->empty()) return *value;
  }
  return "";
}

}  // namespace

WatchdogSettings build_watchdog(SettingReader& in) {
  WatchdogSettings out;
  const json::value* section = in.raw("watchdog");
  const bool scalar = section != nullptr && !section->is_structured();
  const std::string path = scalar ? "watchdog" : "watchdog.mode";
  const json::value* mode = scalar ? section : in.raw("watchdog.mode");
  if (mode == nullptr) {
    in.note_origin("watchdog.mode", "default");
    in.note_value("watchdog.mode", json::value("automatic"));
  } else if (const auto known = watchdog_mode(mode->is_structured() ? "" : to_lower(python_text(*mode)))) {
    out.mode = *known;
  } else {
    in.refuse(path, "off, automatic or required", "the watchdog is off");
    in.note_value(path, json::value("off"));
    out.mode = WatchdogSettings::Mode::Off;
  }
  out.device = in.text("watchdog.device");
  out.safety_margin = static_cast<int>(in.integer("watchdog.safety_margin"));
  out.driver = in.choice("watchdog.driver");
  return out;
}

RestApiSettings build_restapi(SettingReader& in, Compatibility level, const Settings* previous) {
  RestApiSettings out;
  out.listen = rest_listen(in, previous);
  out.connect_address = rest_connect_address(in, out.listen);
  out.username = in.text("restapi.authentication.username");
  out.password = in.text("restapi.authentication.password");
  out.certfile = in.text("restapi.certfile");
  out.keyfile = in.text("restapi.keyfile");
  out.keyfile_password = in.text("restapi.keyfile_password");
  out.cafile = in.text("restapi.cafile");
  out.ciphers = in.text("restapi.ciphers");
  out.verify_client = verify_client(in.choice("restapi.verify_client"));
  out.allowlist = in.text_list("restapi.allowlist");
  out.allowlist_include_members = in.boolean("restapi.allowlist_include_members");
  out.http_extra_headers = in.text_mapping("restapi.http_extra_headers");
  out.https_extra_headers = in.text_mapping("restapi.https_extra_headers");
  out.request_queue_size = static_cast<int>(in.integer("restapi.request_queue_size"));
  out.server_tokens = in.choice("restapi.server_tokens");
  const bool old_level = level != Compatibility::V4_1;
  out.open_writes = in.has("restapi.open_writes") ? in.boolean("restapi.open_writes") : old_level;
  const bool protected_otherwise = !out.username.empty() || !out.allowlist.empty() || out.allowlist_include_members ||
                                   out.verify_client != RestApiSettings::VerifyClient::None;
  if (!in.has("restapi.open_writes")) {
    in.note_origin("restapi.open_writes", "default");
    in.note_value("restapi.open_writes", out.open_writes);
  }
  if (out.open_writes && !protected_otherwise && !out.listen.empty()) {
    in.warn(
        "restapi.open_writes is on and neither authentication nor client certificates nor an allow list is set: "
        "everybody who reaches " +
        out.listen + " can restart and reconfigure this cluster");
  }
  return out;
}

CtlSettings build_ctl(SettingReader& in, Compatibility level, const RestApiSettings& restapi) {
  CtlSettings out;
  out.insecure = in.boolean("ctl.insecure");
  out.cacert = in.optional_text("ctl.cacert").value_or(restapi.cafile);
  // At 3.0 the server's certificate is also the client's.
  const bool server_certificate = level == Compatibility::V3_0;
  out.certfile = in.optional_text("ctl.certfile").value_or(server_certificate ? restapi.certfile : "");
  const bool own_certificate = in.has("ctl.certfile");
  out.keyfile = in.optional_text("ctl.keyfile").value_or(server_certificate && !own_certificate ? restapi.keyfile : "");
  out.keyfile_password = in.optional_text("ctl.keyfile_password")
                             .value_or(server_certificate && !own_certificate ? restapi.keyfile_password : "");
  out.username = in.optional_text("ctl.authentication.username").value_or(restapi.username);
  out.password = in.optional_text("ctl.authentication.password").value_or(restapi.password);
  return out;
}

LogSettings build_log(SettingReader& in) {
  LogSettings out;
  out.type = in.choice("log.type");
  out.level = log_level(in, "log.level");
  out.traceback_level = in.choice("log.traceback_level");
  out.format = log_format(in, out.type);
  out.dateformat = in.text("log.dateformat");
  out.static_fields = in.mapping("log.static_fields");
  out.max_queue_size = static_cast<int>(in.integer("log.max_queue_size"));
  out.dir = in.text("log.dir");
  if (const auto mode = in.optional_integer("log.mode")) out.mode = static_cast<int>(*mode);
  out.file_num = static_cast<int>(in.integer("log.file_num"));
  out.file_size = in.integer("log.file_size");
  out.loggers = logger_levels(in);
  out.deduplicate_heartbeat_logs = in.boolean("log.deduplicate_heartbeat_logs");
  return out;
}

EtcdSettings build_etcd(SettingReader& in, const std::string& section) {
  EtcdSettings out;
  const auto at = [&section](std::string_view key) { return join_key(section, key); };
  out.cacert = in.text(at("cacert"));
  out.cert = in.text(at("cert"));
  out.key = in.text(at("key"));
  out.protocol = in.choice(at("protocol"));
  out.username = in.text(at("username"));
  out.password = in.text(at("password"));
  out.srv = first_text(in, section, {"srv", "discovery_srv", "srv_domain"});
  out.srv_suffix = in.text(at("srv_suffix"));
  out.use_proxies = in.boolean(at("use_proxies"));
  const int port = static_cast<int>(in.integer(at("port")));
  if (in.has(at("proxy"))) {
    out.proxy = in.text(at("proxy"));
    out.use_proxies = true;
    apply_url(in, at("proxy"), out);
  } else if (in.has(at("url"))) {
    apply_url(in, at("url"), out);
  } else if (in.has(at("hosts"))) {
    add_hosts(in, at("hosts"), port, out);
  } else if (in.has(at("host"))) {
    add_hosts(in, at("host"), port, out);
  }
  return out;
}

Tags build_tags(SettingReader& in) {
  Tags out;
  const json::value* section = in.raw("tags");
  if (section == nullptr) return out;
  if (!section->is_object()) {
    in.warn("tags: expected a mapping, found " + describe_value("tags", *section) + "; it is ignored");
    return out;
  }
  for (const auto& [name, value] : section->get_object()) {
    if (value.is_null()) continue;
    if (value.is_structured()) {
      in.warn("tags." + std::string(name) + ": expected a plain value, found " + describe_value("tags", value) +
              "; it is ignored");
    } else {
      out.raw[name] = value;
    }
  }
  const auto conflict = [&](std::string_view boolean, std::string_view priority) {
    if (!out.raw.contains(boolean) || !out.raw.contains(priority)) return;
    in.warn("Conflicting configuration between " + std::string(boolean) + ": " + python_text(out.raw.at(boolean)) +
            " and " + std::string(priority) + ": " + python_text(out.raw.at(priority)) + ". Defaulting to " +
            std::string(boolean) + ": " + python_text(out.raw.at(boolean)));
  };
  conflict("nofailover", "failover_priority");
  conflict("nosync", "sync_priority");
  return out;
}

}  // namespace tamada
