export interface Mount {
  /** What of the file system is seen there. */
  readonly root: string;
  readonly point: string;
}

/** Where a type of file system is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)), in its order. */
export function mountsOf(mountinfo: string, type: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [mount, filesystem] = line.split(' - ');
    const [, , , root = '', point] = mount?.split(' ') ?? [];
    const isOfType = filesystem?.startsWith(`${type} `) === true;
    return isOfType && point !== undefined ? [{ root, point: unescapeOctal(point) }] : [];
  });
}

/** mountinfo writes blanks and backslashes as octal escapes. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
