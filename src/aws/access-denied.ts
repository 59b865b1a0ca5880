/** How AWS words it. Source: IAM User Guide, "Troubleshoot access denied error messages". */
const DENIED = /^(?:User: (\S+) is )?not authorized to perform:? (\S+)(?: on resource: (\S+))?/;
const EXPLICIT = /with an explicit deny/;
const BY_RESOURCE = /because no resource-based policy allows/;

/**
 * What to do about a refusal: AWS names who may not do what on what, and that may be sts:AssumeRole behind another call.
 * @param call action and resource, where AWS names none
 */
export function accessDeniedHint(
  message: string,
  call: { readonly action: string; readonly resource: string },
): string {
  const at = message.search(/(User: \S+ is )?not authorized to perform:? /);
  const [, user = 'the role in use', action = call.action, resource = call.resource] =
    DENIED.exec(message.slice(Math.max(0, at))) ?? [];
  if (EXPLICIT.test(message)) {
    return `A policy denies ${action} on ${resource} to ${user}: remove that.`;
  }
  if (BY_RESOURCE.test(message)) {
    const where = action === 'sts:AssumeRole' ? 'trust policy' : 'policy';
    return `Grant ${action} to ${user} in the ${where} of ${resource}.`;
  }
  return `Grant ${action} on ${resource} to ${user}.`;
}
