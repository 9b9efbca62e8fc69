#include "model/settings_build.h"

#include "base/python_text.h"
#include "base/text.h"
#include "model/address.h"
#include "model/settings_merge.h"
#include "model/settings_parameters.h"
#include "model/settings_sections.h"

namespace tamada {

namespace {

Result<void> refuse_unsupported(const json::object& local) {
  if (const json::value* citus = find_value(local, "citus"); citus != nullptr && is_truthy(*citus)) {
    return Error(ErrorCode::Unsupported,
                 "the section citus is not supported: this program manages plain PostgreSQL clusters",
                 "remove the section, or let Patroni manage the Citus cluster");
  }
  if (local.contains("raft")) {
    return Error(ErrorCode::Unsupported, "the section raft is not supported: its protocol is Patroni's own",
                 "run etcd on three members and use the section etcd3");
  }
  return {};
}

std::string plain_name(SettingReader& in, std::string_view path) {
  const json::value* value = in.raw(path);
  const std::string text = in.text(path);
  if (value != nullptr && !value->is_string() && !text.empty()) {
    in.warn(std::string(path) + " is no text in YAML and becomes \"" + text + "\"; write it in quotes");
  }
  return text;
}

Compatibility compatibility(SettingReader& in) {
  const std::string text = in.text("compatibility");
  const auto level = parse_compatibility(text);
  if (level) return *level;
  in.refuse("compatibility", "one of 1.5, 3.0, 4.1", "using 4.1");
  return Compatibility::V4_1;
}

std::string chosen_store(const json::object& local) {
  for (std::string_view section : store_sections()) {
    if (local.contains(section)) return std::string(section);
  }
  return "";
}

void note_corrected_timing(SettingReader& in, DynamicSettings& dynamic, bool peer_minima,
                           std::vector<std::string>& warnings) {
  const DynamicSettings asked = dynamic;
  const std::size_t before = warnings.size();
  correct_timing(dynamic, peer_minima, warnings);
  const std::string why = join({warnings.begin() + static_cast<std::ptrdiff_t>(before), warnings.end()}, "; ");
  const auto note = [&](std::string_view path, std::chrono::seconds was, std::chrono::seconds is) {
    if (was == is) return;
    in.note_value(path, is.count());
    in.note_reason(path, why);
  };
  note("ttl", asked.ttl, dynamic.ttl);
  note("loop_wait", asked.loop_wait, dynamic.loop_wait);
  note("retry_timeout", asked.retry_timeout, dynamic.retry_timeout);
}

// Why a required setting has no value: nobody set it, or what was set (or the section around it) is no such thing.
Error unset(const json::object& local, std::string_view path) {
  constexpr const char* kHint = "run with --validate-config to see all problems";
  const json::object* at = &local;
  for (std::size_t from = 0;;) {
    const std::size_t dot = path.find('.', from);
    const json::value* value = find_value(*at, path.substr(from, dot - from));
    if (value == nullptr) break;
    if (dot != path.npos && value->is_object()) {
      at = &value->get_object();
      from = dot + 1;
      continue;
    }
    const std::string_view wrong = path.substr(0, dot);
    const SettingRow* row = find_setting(path);
    const std::string expected = dot != path.npos || row == nullptr ? "a mapping" : describe_expected(*row);
    return Error(ErrorCode::Invalid,
                 std::string(wrong) + ": expected " + expected + ", found " + describe_value(wrong, *value), kHint);
  }
  return Error(ErrorCode::Invalid, std::string(path) + " is not defined", kHint);
}

}  // namespace

Result<BuiltSettings> build_settings(const BuildInput& input) {
  if (input.local.empty()) {
    return Error(ErrorCode::Invalid, "Config is empty.", "give a configuration file, or PATRONI_* variables");
  }
  BuiltSettings out;
  json::object local = input.local;
  Origins local_origins = input.local_origins;
  modernize_local_document(local, local_origins, out.warnings);
  if (auto supported = refuse_unsupported(local); !supported) return supported.error();

  EffectiveDocument effective = merge_documents(local, local_origins, input.dynamic, input.dynamic_source);
  out.origins = std::move(effective.origins);
  out.warnings.insert(out.warnings.end(), effective.warnings.begin(), effective.warnings.end());
  out.document = std::move(effective.document);
  SettingReader in(out.document, out);

  Settings& s = out.settings;
  s.name = plain_name(in, "name");
  s.scope = plain_name(in, "scope");
  s.namespace_ = plain_name(in, "namespace");
  s.compatibility = compatibility(in);
  s.dynamic = build_dynamic(in);
  note_corrected_timing(in, s.dynamic, input.peer_minima, out.warnings);
  s.postgresql = build_postgresql(in, input.previous, replica_method_names(local, input.dynamic));
  const ParameterSources parameters{
      local,  input.dynamic, local_origins, input.dynamic_source, s.postgresql.listen_addresses, s.postgresql.port,
      s.scope};
  s.postgresql.parameters = build_parameters(parameters, out.origins, out.notes, out.warnings);
  s.bootstrap = build_bootstrap(in);
  s.watchdog = build_watchdog(in);
  s.restapi = build_restapi(in, s.compatibility, input.previous);
  s.ctl = build_ctl(in, s.compatibility, s.restapi);
  s.log = build_log(in);
  s.tags = build_tags(in);
  s.store = chosen_store(local);
  if (s.store == "etcd") s.etcd = build_etcd(in, "etcd");
  if (s.store == "etcd3") s.etcd3 = build_etcd(in, "etcd3");
  s.dynamic_document = input.dynamic;
  s.local_document = input.local;
  return out;
}

namespace {

Result<void> check_etcd_hosts(const Settings& settings) {
  if (settings.store != "etcd" && settings.store != "etcd3") return {};
  const EtcdSettings& etcd = settings.store == "etcd" ? settings.etcd : settings.etcd3;
  if (!etcd.hosts.empty() || !etcd.srv.empty()) return {};
  const json::object* section = find_mapping(settings.local_document, settings.store);
  for (std::string_view key : {"proxy", "url", "hosts", "host"}) {
    if (section != nullptr && find_value(*section, key) != nullptr) {
      return unset(settings.local_document, join_key(settings.store, key));
    }
  }
  return unset(settings.local_document, join_key(settings.store, "hosts"));
}

}  // namespace

Result<void> check_daemon_settings(const Settings& settings) {
  const auto missing = [&](std::string_view path) { return unset(settings.local_document, path); };
  if (settings.name.empty()) return missing("name");
  if (settings.scope.empty()) return missing("scope");
  if (settings.restapi.listen.empty()) return missing("restapi.listen");
  if (settings.postgresql.listen.empty()) return missing("postgresql.listen");
  if (settings.postgresql.data_dir.empty()) return missing("postgresql.data_dir");
  if (settings.store.empty()) {
    return Error(ErrorCode::Invalid, "Can not find suitable configuration of distributed configuration store",
                 "add a section etcd3 with the endpoints of etcd");
  }
  if (!store_is_served(settings.store)) {
    return Error(ErrorCode::Unsupported, "the store " + settings.store + " is not served by this version",
                 "use one of " + served_stores_text());
  }
  return check_etcd_hosts(settings);
}

}  // namespace tamada
