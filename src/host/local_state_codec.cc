#include "host/local_state_codec.h"

#include <array>

#include <fmt/format.h>

namespace tamada {

namespace {

constexpr std::array<std::string_view, 4> kWorkWords{"bootstrap", "clone", "fill", "rewind"};

// Reads fields of one object; the first missing or mistyped one becomes the error.
class Fields {
 public:
  static Result<Fields> of(std::string_view text) {
    auto value = parse_json(text);
    if (!value) return value.error();
    if (!value->is_object()) return Error(ErrorCode::Invalid, "the document is no JSON object");
    return Fields(std::move(value->as_object()));
  }

  std::string text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->as_string());
    problem(key, "text");
    return {};
  }

  std::int64_t number(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    boost::system::error_code error;
    std::int64_t number = value != nullptr ? value->to_number<std::int64_t>(error) : 0;
    if (value == nullptr || error) problem(key, "a whole number");
    return number;
  }

  bool flag(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_bool()) return value->as_bool();
    problem(key, "true or false");
    return false;
  }

  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    const json::value* value = object_.if_contains(key);
    const json::array* list = value != nullptr ? value->if_array() : nullptr;
    if (list == nullptr) problem(key, "a list of texts");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (!(*list)[i].is_string()) problem(key, "a list of texts");
      if ((*list)[i].is_string()) out.emplace_back((*list)[i].get_string());
    }
    return out;
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  explicit Fields(json::object object) : object_(std::move(object)) {}
  void problem(std::string_view key, std::string_view expected) {
    if (!error_) error_ = Error(ErrorCode::Invalid, fmt::format("field {} is not {}", key, expected));
  }
  json::object object_;
  std::optional<Error> error_;
};

Lsn lsn_of(Fields& fields, std::string_view key) {
  auto lsn = parse_lsn(fields.text(key));
  return lsn ? *lsn : Lsn{};
}

Timeline timeline_of(Fields& fields, std::string_view key) {
  return Timeline{static_cast<std::uint32_t>(fields.number(key))};
}

}  // namespace

std::string format_adoption(const AdoptionRecord& record) {
  json::object o;
  o["boot_id"] = record.boot_id;
  o["store_id"] = record.store_id;
  o["holder"] = record.generation.holder;
  o["create_revision"] = record.generation.create_revision;
  o["session"] = record.generation.session;
  o["granted_ttl_us"] = record.granted_ttl.count();
  o["valid_until_us"] = record.valid_until.time_since_epoch().count();
  return to_json(o, JsonStyle::Compact);
}

Result<AdoptionRecord> parse_adoption(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  AdoptionRecord record;
  record.boot_id = fields->text("boot_id");
  record.store_id = fields->text("store_id");
  record.generation.holder = fields->text("holder");
  record.generation.create_revision = fields->number("create_revision");
  record.generation.session = fields->text("session");
  record.granted_ttl = Duration(fields->number("granted_ttl_us"));
  record.valid_until = Instant(Duration(fields->number("valid_until_us")));
  if (fields->error()) return *fields->error();
  return record;
}

std::string format_promotion_note(const PromotionNote& note) {
  json::object o;
  o["from_timeline"] = note.from_timeline.id;
  o["at"] = to_string(note.at);
  o["to_timeline"] = note.to_timeline.id;
  o["origin"] = note.origin;
  return to_json(o, JsonStyle::Compact);
}

Result<PromotionNote> parse_promotion_note(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  PromotionNote note;
  note.from_timeline = timeline_of(*fields, "from_timeline");
  note.at = lsn_of(*fields, "at");
  note.to_timeline = timeline_of(*fields, "to_timeline");
  note.origin = fields->text("origin");
  if (fields->error()) return *fields->error();
  return note;
}

std::string format_sound_slots(const SoundSlots& slots) {
  json::array names;
  for (const std::string& name : slots.names) names.emplace_back(name);
  json::object o;
  o["leader"] = slots.leader;
  o["slots"] = std::move(names);
  return to_json(o, JsonStyle::Compact);
}

Result<SoundSlots> parse_sound_slots(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  SoundSlots slots;
  slots.leader = fields->text("leader");
  slots.names = fields->texts("slots");
  if (fields->error()) return *fields->error();
  return slots;
}

std::string format_store_mark(const StoreMark& mark) {
  json::object o;
  o["store_id"] = mark.store_id;
  o["revision"] = mark.revision;
  o["system_identifier"] = mark.system_identifier;
  return to_json(o, JsonStyle::Compact);
}

Result<StoreMark> parse_store_mark(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  StoreMark mark;
  mark.store_id = fields->text("store_id");
  mark.revision = fields->number("revision");
  mark.system_identifier = fields->text("system_identifier");
  if (fields->error()) return *fields->error();
  return mark;
}

std::string format_promise(const PromiseRecord& record) {
  json::object o;
  o["boot_id"] = record.boot_id;
  o["name"] = record.to.name;
  o["conn_url"] = record.to.conn_url;
  o["api_url"] = record.to.api_url;
  o["episode"] = record.to.episode;
  o["ttl"] = record.to.ttl.count();
  o["length_us"] = record.length.count();
  o["over"] = record.until == kLongAgo;
  o["until_us"] = record.until.time_since_epoch().count();
  return to_json(o, JsonStyle::Compact);
}

Result<PromiseRecord> parse_promise(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  PromiseRecord record;
  record.boot_id = fields->text("boot_id");
  record.to.name = fields->text("name");
  record.to.conn_url = fields->text("conn_url");
  record.to.api_url = fields->text("api_url");
  record.to.episode = fields->text("episode");
  record.to.ttl = std::chrono::seconds(fields->number("ttl"));
  record.length = Duration(fields->number("length_us"));
  const bool over = fields->flag("over");
  record.until = Instant(Duration(fields->number("until_us")));
  if (fields->error()) return *fields->error();
  if (over) record.until = kLongAgo;
  return record;
}

Result<ScheduledRestart> parse_scheduled_restart(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return value.error();
  if (!value->is_object()) return Error(ErrorCode::Invalid, "the document is no JSON object");
  return read_scheduled_restart(value->as_object());
}

std::string format_work_note(const WorkNote& note) {
  json::object o;
  o["kind"] = json::string(kWorkWords[static_cast<std::size_t>(note.kind)]);
  return to_json(o, JsonStyle::Compact);
}

Result<WorkNote> parse_work_note(std::string_view text) {
  auto fields = Fields::of(text);
  if (!fields) return fields.error();
  const std::string kind = fields->text("kind");
  if (fields->error()) return *fields->error();
  for (std::size_t i = 0; i < kWorkWords.size(); ++i)
    if (kWorkWords[i] == kind) return WorkNote{static_cast<WorkNote::Kind>(i)};
  return Error(ErrorCode::Invalid, fmt::format("unknown kind of work: {}", kind));
}

}  // namespace tamada
