import { parseSync } from '@swc/core';

/** What one source file imports, and which global or Node facilities it touches. */
export interface SourceFacts {
  /** Module specifiers as written, of every kind of import, types included. */
  readonly imports: readonly string[];
  /** For example `process.env`, `setTimeout`, `new Date()`, `node:crypto.randomBytes`, `node:crypto.*`. */
  readonly uses: readonly string[];
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Mark that swc's resolver gives to identifiers no scope of the file declares. */
const GLOBAL_SCOPE = 1;

export function sourceFacts(text: string): SourceFacts {
  const imports = new Set<string>();
  const uses = new Set<string>();
  visit(parseSync(text, { syntax: 'typescript' }), (node) => {
    const specifier = importedModule(node);
    if (specifier !== undefined) {
      imports.add(specifier);
      for (const name of importedNames(node)) {
        uses.add(`${specifier}.${name}`);
      }
    }
    for (const use of globalUses(node)) {
      uses.add(use);
    }
  });
  return { imports: [...imports], uses: [...uses] };
}

function visit(value: unknown, seen: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      visit(item, seen);
    }
  } else if (typeof value === 'object' && value !== null) {
    if (isNode(value)) {
      seen(value);
    }
    for (const member of Object.values(value)) {
      visit(member, seen);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function text(node: unknown): string | undefined {
  return isNode(node) && node.type === 'StringLiteral' ? String(node.value) : undefined;
}

function globalName(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' && node.ctxt === GLOBAL_SCOPE
    ? String(node.value)
    : undefined;
}

function importedModule(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return text(node.source);
    case 'TsImportType':
      return text(node.argument);
    case 'TsExternalModuleReference':
      return text(node.expression);
    case 'CallExpression': {
      const callee = node.callee;
      const loads = isNode(callee) && (callee.type === 'Import' || globalName(callee) === 'require');
      const [first] = node.arguments as { expression: unknown }[];
      return loads ? text(first?.expression) : undefined;
    }
    default:
      return undefined;
  }
}

/** Names an import takes; `*` for the whole module, whose members can then not be followed. */
function importedNames(node: Node): string[] {
  if (node.type !== 'ImportDeclaration') {
    return ['*'];
  }
  return (node.specifiers as Node[]).map((specifier) => {
    if (specifier.type !== 'ImportSpecifier') {
      return '*';
    }
    const name = (specifier.imported ?? specifier.local) as Node;
    return String(name.value);
  });
}

function globalUses(node: Node): string[] {
  const own = globalName(node);
  if (own !== undefined) {
    return [own];
  }
  if (node.type === 'NewExpression') {
    const bare = (node.arguments as unknown[] | null | undefined)?.length ?? 0;
    const name = globalName(node.callee);
    return name !== undefined && bare === 0 ? [`new ${name}()`] : [];
  }
  if (node.type === 'MemberExpression') {
    const object = globalName(node.object);
    const property = node.property as Node;
    const name = property.type === 'Computed' ? text(property.expression) : property.value;
    return object === undefined ? [] : [`${object}.${String(name ?? '*')}`];
  }
  if (node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    const object = globalName(node.init);
    const keys = (node.id.properties as Node[]).map((property) => (property.key as Node | undefined)?.value);
    return object === undefined ? [] : keys.map((key) => `${object}.${String(key ?? '*')}`);
  }
  return [];
}
