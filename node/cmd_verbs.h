/* Handlers of the verbs, as the table names them (cmd_verbs.c): each returns an exit code. */
#ifndef NODE_CMD_VERBS_H
#define NODE_CMD_VERBS_H

struct nd_cmd;

int nd_cmd_init(struct nd_cmd *c);
int nd_cmd_invite(struct nd_cmd *c);
int nd_cmd_invite_answer(struct nd_cmd *c);
int nd_cmd_invite_list(struct nd_cmd *c);
int nd_cmd_invite_revoke(struct nd_cmd *c);
int nd_cmd_cert_answer(struct nd_cmd *c);
int nd_cmd_key_request(struct nd_cmd *c);
int nd_cmd_join(struct nd_cmd *c);
int nd_cmd_serve(struct nd_cmd *c);
int nd_cmd_sync(struct nd_cmd *c);
int nd_cmd_sync_poll(struct nd_cmd *c);
int nd_cmd_status(struct nd_cmd *c);
int nd_cmd_peer_add(struct nd_cmd *c);
int nd_cmd_peer_list(struct nd_cmd *c);
int nd_cmd_peer_pause(struct nd_cmd *c);
int nd_cmd_peer_resume(struct nd_cmd *c);
int nd_cmd_peer_remove(struct nd_cmd *c);
int nd_cmd_grid_add(struct nd_cmd *c);
int nd_cmd_grid_list(struct nd_cmd *c);
int nd_cmd_cert_issue(struct nd_cmd *c);
int nd_cmd_cert_list(struct nd_cmd *c);
int nd_cmd_cert_renew(struct nd_cmd *c);
int nd_cmd_root_rotate(struct nd_cmd *c);
int nd_cmd_key_new(struct nd_cmd *c);
int nd_cmd_key_list(struct nd_cmd *c);
int nd_cmd_key_pin(struct nd_cmd *c);
int nd_cmd_key_seal(struct nd_cmd *c);
int nd_cmd_key_unseal(struct nd_cmd *c);
int nd_cmd_key_unlock(struct nd_cmd *c);
int nd_cmd_key_lock(struct nd_cmd *c);
int nd_cmd_key_sheet(struct nd_cmd *c);
int nd_cmd_key_export(struct nd_cmd *c);
int nd_cmd_key_recover(struct nd_cmd *c);
int nd_cmd_key_remove(struct nd_cmd *c);
int nd_cmd_hazard(struct nd_cmd *c);
int nd_cmd_due(struct nd_cmd *c);
int nd_cmd_list(struct nd_cmd *c);
int nd_cmd_show(struct nd_cmd *c);
int nd_cmd_tree(struct nd_cmd *c);
int nd_cmd_verify(struct nd_cmd *c);
int nd_cmd_import_hazards(struct nd_cmd *c);
int nd_cmd_import_grids(struct nd_cmd *c);
int nd_cmd_backup_create(struct nd_cmd *c);
int nd_cmd_backup_check(struct nd_cmd *c);
int nd_cmd_restore(struct nd_cmd *c);
int nd_cmd_proof_export(struct nd_cmd *c);
int nd_cmd_proof_check(struct nd_cmd *c);
int nd_cmd_bundle_export(struct nd_cmd *c);
int nd_cmd_bundle_import(struct nd_cmd *c);
int nd_cmd_bundle_info(struct nd_cmd *c);
int nd_cmd_bundle_plan(struct nd_cmd *c);
int nd_cmd_bundle_receipt(struct nd_cmd *c);
int nd_cmd_version(struct nd_cmd *c);
int nd_cmd_person_list(struct nd_cmd *c);
int nd_cmd_person_show(struct nd_cmd *c);
int nd_cmd_person_transfer(struct nd_cmd *c);
int nd_cmd_person_standin(struct nd_cmd *c);
int nd_cmd_person_dismiss(struct nd_cmd *c);
int nd_cmd_person_lost(struct nd_cmd *c);
int nd_cmd_cut_list(struct nd_cmd *c);
int nd_cmd_cut_fork(struct nd_cmd *c);
int nd_cmd_cert_restate(struct nd_cmd *c);
int nd_cmd_held_list(struct nd_cmd *c);
int nd_cmd_held_show(struct nd_cmd *c);
int nd_cmd_held_adopt(struct nd_cmd *c);
int nd_cmd_policy_list(struct nd_cmd *c);
int nd_cmd_policy_show(struct nd_cmd *c);
int nd_cmd_policy_set(struct nd_cmd *c);
int nd_cmd_role_list(struct nd_cmd *c);

#endif
