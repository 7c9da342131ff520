--- IAM policy documents: reading, matching, who is let in, what is allowed. See docs/reference/lua-modules.md.
-- Every function takes a document as AWS gives it (a table, a part of a resource, JSON text, URL-encoded text) or the
-- statements that `statements` made of it. Nothing here fetches anything; what is unknown raises when read.
local document = require("policy_document")
local condition = require("policy_condition")
local exposure = require("policy_exposure")
local access = require("policy_access")

return {
  parse = document.parse, statements = document.statements, in_force = document.in_force, name = document.name,
  list = document.list, like = document.like, any_like = document.any_like, covers = document.covers, meets = document.meets,
  has_action = document.has_action, all_actions = document.all_actions, all_resources = document.all_resources,
  anybody = document.anybody, condition = document.condition, account_of = document.account_of,
  foreign_accounts = document.foreign_accounts,
  owner_keys = condition.confining_keys, restricted_by = condition.restricted_by, confinements = condition.confinements,
  is_public = exposure.is_public, public_statements = exposure.public_statements, cross_account = exposure.cross_account,
  allows = access.allows, effective = access.effective, full_admin = access.full_admin, is_admin = access.is_admin,
  allows_everywhere = access.allows_everywhere, escalations = access.escalations, escalations_as_of = access.escalations_as_of,
}
