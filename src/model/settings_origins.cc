#include "model/settings_origins.h"

#include <algorithm>
#include <set>

#include "base/python_text.h"
#include "base/text.h"
#include "model/settings_merge.h"
#include "model/settings_parameters.h"
#include "model/settings_reader.h"

namespace tamada {

namespace {

constexpr std::string_view kParameters = "postgresql.parameters.";
constexpr std::string_view kHidden = "***";

void collect_leaves(const std::string& path, const json::value& value, std::map<std::string, json::value>& out) {
  if (!value.is_object() || value.get_object().empty()) {
    out[path] = value;
    return;
  }
  for (const auto& [key, item] : value.get_object()) collect_leaves(join_key(path, key), item, out);
}

// What one layer says of one leaf.
struct Word {
  std::string shown;   // source with the line
  std::string source;  // as Origins name it
  json::value value;
};

using Standing = SettingOrigin::Standing;

// One document by canonical path of its leaves.
struct Layer {
  bool local = true;
  std::map<std::string, Word> words;
};

Layer layer_of(const SettingsLayer& from, bool local) {
  Layer out;
  out.local = local;
  for (const auto& [path, value] : setting_leaves(from.document)) {
    Word word{from.source, from.source, value};
    if (const auto variable = from.origins.find(path); variable != from.origins.end()) {
      word.shown = word.source = variable->second;
    } else if (const auto line = from.lines.find(path); line != from.lines.end()) {
      word.shown += " line " + std::to_string(line->second);
    }
    out.words[canonical_setting_path(path)] = std::move(word);
  }
  return out;
}

// The row of a setting, or of the mapping or list that it is a part of.
const SettingRow* row_around(std::string_view path) {
  for (std::string_view at = path;;) {
    if (const SettingRow* row = find_setting(at)) return row;
    const std::size_t dot = at.rfind('.');
    if (dot == at.npos) return nullptr;
    at = at.substr(0, dot);
  }
}

std::string wrong_place(const std::string& path, bool local) {
  const SettingRow* row = row_around(path);
  const bool controlled =
      path.starts_with(kParameters) && is_controlled_parameter(std::string_view(path).substr(kParameters.size()));
  if (local && (controlled || (row != nullptr && row->place == SettingPlace::Dynamic))) {
    return "only the dynamic configuration sets it";
  }
  if (!local && row != nullptr && row->place == SettingPlace::Local) return "only the local configuration sets it";
  return "";
}

class Teller {
 public:
  Teller(const SettingsInputs& inputs, const BuiltSettings& built) : built_(built) {
    layers_.push_back(layer_of({inputs.build.dynamic_source, inputs.build.dynamic, {}, {}}, false));
    for (const SettingsLayer& layer : inputs.layers) layers_.push_back(layer_of(layer, true));
    // Settings that were given as a document alone (doctor, tests).
    if (inputs.layers.empty()) {
      layers_.push_back(layer_of({"local configuration", inputs.build.local, {}, inputs.build.local_origins}, true));
    }
    for (const auto& [path, note] : built.notes) notes_[canonical_setting_path(path)] = note;
    effective_ = setting_leaves(built.document);
    for (const auto& [path, value] : built.values) effective_[path] = value;
    for (const auto& [name, value] : built.settings.postgresql.parameters) {
      effective_[std::string(kParameters) + name] = json::value(value);
    }
  }

  std::vector<SettingOrigin> tell() {
    std::map<std::string, SettingOrigin> out;
    for (const auto& [path, value] : effective_) {
      const auto origin = built_.origins.find(path);
      if (origin != built_.origins.end()) out[canonical_setting_path(path)] = in_force(path, value, origin->second);
    }
    for (const Layer& layer : layers_) {
      for (const auto& [path, word] : layer.words) {
        if (!out.contains(path) && !word.value.is_null()) out[path] = without_effect(path);
      }
    }
    std::vector<SettingOrigin> list;
    for (auto& [path, origin] : out) {
      const bool nothing = origin.value.is_null() && origin.source == "default";
      if (!nothing || !origin.overrode.empty() || !origin.note.empty()) list.push_back(std::move(origin));
    }
    return list;
  }

 private:
  SettingOrigin in_force(const std::string& path, const json::value& value, const std::string& source) {
    const std::string canonical = canonical_setting_path(path);
    SettingOrigin out;
    out.path = path;
    out.value = value;
    out.source = source;
    if (const auto note = notes_.find(canonical); note != notes_.end()) {
      out.note = note->second;
      out.standing = Standing::Corrected;
    }
    bool winner_seen = false;
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
      const auto word = layer->words.find(canonical);
      if (word == layer->words.end()) continue;
      const std::string why = wrong_place(path, layer->local);
      if (!winner_seen && why.empty() && word->second.source == source) {
        winner_seen = true;
        out.source = word->second.shown;
        out.dynamic = !layer->local;
        continue;
      }
      out.overrode.push_back({word->second.shown, word->second.value, why, !layer->local});
    }
    if (source != "default") add_default(path, out);
    const SettingRow* row = row_around(path);
    if (out.note.empty() && source != "default" && (row == nullptr || !row->acts)) {
      out.note = row == nullptr ? "not a known setting" : "has no effect in this version";
      out.standing = Standing::WithoutEffect;
    }
    return out;
  }

  static void add_default(const std::string& path, SettingOrigin& out) {
    json::value fallback;
    if (path.starts_with(kParameters)) {
      const std::string_view known = parameter_default(std::string_view(path).substr(kParameters.size()));
      if (!known.empty()) fallback = json::value(known);
    } else if (const SettingRow* row = find_setting(path)) {
      fallback = default_value(*row);
    }
    if (!fallback.is_null()) out.overrode.push_back({"default", std::move(fallback), "", false});
  }

  // Somebody set it, and nothing of it is in force.
  SettingOrigin without_effect(const std::string& path) {
    SettingOrigin out;
    out.path = path;
    out.standing = Standing::WithoutEffect;
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
      const auto word = layer->words.find(path);
      if (word == layer->words.end()) continue;
      if (word->second.value.is_null()) {
        if (out.overrode.empty()) out.source = word->second.shown;
        continue;
      }
      out.overrode.push_back({word->second.shown, word->second.value, wrong_place(path, layer->local), !layer->local});
    }
    const std::string& why = out.overrode.empty() ? out.source : out.overrode.front().why;
    if (!out.source.empty()) {
      out.note = "removed by " + out.source;
      out.standing = Standing::Hidden;
    } else if (!why.empty()) {
      out.note = why;
    } else if (const std::string by = hidden_by(path); !by.empty()) {
      out.note = by;
      out.standing = Standing::Hidden;
    } else {
      out.note = row_around(path) == nullptr ? "not a known setting, or an old name of one" : "is not used";
    }
    return out;
  }

  // "postgresql.callbacks is taken from /etc/patroni.yml as a whole"
  std::string hidden_by(const std::string& path) const {
    for (std::size_t dot = path.rfind('.'); dot != path.npos && dot != 0; dot = path.rfind('.', dot - 1)) {
      const std::string above = path.substr(0, dot);
      if (!find_setting(above) && above.find('.') == above.npos) return "";
      const auto at = built_.origins.lower_bound(above);
      const bool same = at != built_.origins.end() && (at->first == above || at->first.starts_with(above + "."));
      if (same) return above + " is taken from " + at->second + " as a whole";
    }
    return "";
  }

  const BuiltSettings& built_;
  std::vector<Layer> layers_;  // weakest first
  std::map<std::string, std::string> notes_;
  std::map<std::string, json::value> effective_;
};

// The password of "scheme://user:password@host" and of "password=...", wherever they stand.
std::string without_passwords(std::string text) {
  for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/ ,", begin), text.size());
    const std::size_t host = text.rfind('@', end);
    const std::size_t colon = text.find(':', begin);
    if (host == text.npos || host < begin || colon > host) continue;
    text.replace(colon + 1, host - colon - 1, kHidden);
  }
  // libpq takes spaces around the sign.
  constexpr std::string_view kWord = "password";
  const auto position = [&](std::size_t from) { return to_lower(text).find(kWord, from); };
  for (std::size_t at = position(0); at != text.npos; at = position(at + kWord.size())) {
    const std::size_t sign = text.find_first_not_of(' ', at + kWord.size());
    if (sign == text.npos || text[sign] != '=') continue;
    const std::size_t begin = std::min(text.find_first_not_of(' ', sign + 1), text.size());
    const bool quoted = begin < text.size() && (text[begin] == '\'' || text[begin] == '"');
    const std::size_t end = quoted ? text.find(text[begin], begin + 1) : text.find_first_of(" &;,'\"", begin);
    text.replace(begin, (end == text.npos ? text.size() : end + (quoted ? 1 : 0)) - begin, kHidden);
  }
  return text;
}

}  // namespace

Result<std::vector<SettingOrigin>> settings_origins(const SettingsInputs& inputs) {
  const auto built = build_settings(inputs.build);
  if (!built) return built.error();
  return Teller(inputs, *built).tell();
}

const SettingOrigin* find_origin(const std::vector<SettingOrigin>& origins, std::string_view path) {
  const std::string wanted = canonical_setting_path(path);
  const auto at = std::find_if(origins.begin(), origins.end(), [&](const SettingOrigin& origin) {
    return canonical_setting_path(origin.path) == wanted;
  });
  return at == origins.end() ? nullptr : &*at;
}

json::value shown_value(std::string_view path, const json::value& value) {
  const bool says_something = !value.is_null() && !(value.is_string() && value.get_string().empty());
  if (is_secret_path(path) && says_something) return json::value(kHidden);
  if (value.is_string()) return json::value(without_passwords(std::string(value.get_string())));
  if (value.is_array()) {
    json::array out;
    for (const json::value& item : value.get_array()) out.push_back(shown_value(path, item));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const auto& [key, item] : value.get_object()) out[key] = shown_value(join_key(path, key), item);
  return out;
}

json::array origins_document(const std::vector<SettingOrigin>& origins) {
  json::array out;
  for (const SettingOrigin& origin : origins) {
    json::object row{{"path", origin.path}, {"value", shown_value(origin.path, origin.value)}};
    if (!origin.source.empty()) row["source"] = origin.source;
    if (!origin.note.empty()) row["note"] = origin.note;
    json::array overrode;
    for (const SettingOrigin::Other& other : origin.overrode) {
      json::object entry{{"source", other.source}, {"value", shown_value(origin.path, other.value)}};
      if (!other.why.empty()) entry["why"] = other.why;
      overrode.push_back(std::move(entry));
    }
    if (!overrode.empty()) row["overrode"] = std::move(overrode);
    out.push_back(std::move(row));
  }
  return out;
}

std::map<std::string, json::value> setting_leaves(const json::object& document) {
  std::map<std::string, json::value> out;
  for (const auto& [key, value] : document) collect_leaves(std::string(key), value, out);
  return out;
}

std::string canonical_setting_path(std::string_view path) {
  if (!path.starts_with(kParameters)) return std::string(path);
  return std::string(kParameters) + to_lower(path.substr(kParameters.size()));
}

}  // namespace tamada
