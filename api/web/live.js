// The page at `/live`: what cameras show, the alerts they give, and the rules by which they do.

import { guarded, withKey } from "/shared.js";
import * as cameras from "/cameras.js";
import * as rules from "/rules.js";
import * as alerts from "/alerts.js";

cameras.prepareAdding();
rules.prepareAdding();

let watching = false;

withKey(guarded(async () => {
  // What comes while the lists are read is not to be missed.
  alerts.follow();
  await cameras.list();
  await rules.list();
  await alerts.list();
  if (!watching) cameras.watch();
  watching = true;
}));
