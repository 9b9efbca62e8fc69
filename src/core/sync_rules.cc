#include "core/sync_resolver.h"

namespace tamada {

const std::vector<SyncRule>& sync_rules() {
  static const std::vector<SyncRule> rules{
      {"SY-01", "mode off, /sync has content", "delete /sync",
       "synchronous mode is off, so /sync promises nothing more"},
      {"SY-02", "mode off, the names are not the operator's", "give the names back",
       "synchronous mode is off and /sync is empty; the operator's own value comes back"},
      {"SY-03", "mode off", "nothing", "synchronous mode is off"},
      {"SY-11", "/sync is empty or names another leader", "/sync names this member alone",
       "this member leads, and nobody has confirmed what it will acknowledge"},
      {"SY-12", "commits do not wait for those whom /sync lists", "/sync names this member alone",
       "/sync promises more than PostgreSQL waits for; somebody else changed one of them"},
      {"SY-10", "an earlier write could still land", "/sync is written again as it is",
       "a write whose answer was lost, or of an earlier run, can land no more once the revision has moved"},
      {"SY-20", "/sync lists one that is not chosen", "/sync without it",
       "a member leaves /sync before commits stop waiting for it"},
      {"SY-21", "as SY-20, where the rest cannot stay or nobody is left", "/sync names this member alone",
       "nobody who stays listed is waited for in the way that is wanted now"},
      {"SY-22", "no change of the names keeps the promise", "/sync names this member alone",
       "the names cannot be changed under this promise"},
      {"SY-23", "quorum: the sets differ", "/sync lists both sets with a larger quorum",
       "the old and the new set elect only together while commits wait for the one or the other"},
      {"SY-30", "the names differ and may be changed at once", "set the names",
       "commits begin to wait for a standby before /sync lists it, and stop after it left /sync"},
      {"SY-31", "as SY-30, not at once, names have to go", "the names without them, under the old count",
       "fewer names under the same count: no commit is released without a listed standby meanwhile"},
      {"SY-32", "as SY-30, not at once", "the new count over the old names",
       "the count before the names: no commit is released without a listed standby meanwhile"},
      {"SY-33", "strict, nobody is chosen", "names `*`", "strict mode: commits wait for whoever comes"},
      {"SY-34", "nobody is chosen", "no names", "no standby can be synchronous, and /sync names nobody; commits go on"},
      {"SY-35", "setting the names failed", "set them again", "what a reload would bring into force must be certain"},
      {"SY-40", "the names were changed", "take a mark",
       "every process is told of the names, and WAL is written after that"},
      {"SY-41", "a walsender has not sent that WAL", "wait",
       "a walsender that was not heard of since may still release commits by the old names"},
      {"SY-42", "too few chosen standbys have reached the mark", "wait",
       "a standby is listed once it has every commit that was acknowledged without it"},
      {"SY-50", "chosen standbys have reached the mark", "/sync lists them",
       "commits wait for them and they have what was acknowledged before"},
      {"SY-90", "names and /sync are as wanted", "nothing", "the chosen standbys are synchronous"},
      {"SY-91", "nobody is chosen", "nothing", "no standby can be synchronous; commits wait for nobody"},
      {"SY-92", "strict, nobody is chosen", "nothing", "strict mode and no standby can be synchronous; commits wait"},
  };
  return rules;
}

}  // namespace tamada
