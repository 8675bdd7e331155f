import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from './process/run.ts';

/** A certificate and its key, as paths of PEM files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** The user, for the API server. */
  readonly commonName: string;
  /** The group, for the API server. */
  readonly organisation?: string;
  /** Such as `DNS:localhost` and `IP:127.0.0.1`; only servers need them. */
  readonly alternativeNames?: readonly string[];
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const DAYS = '365';

/** The certificates of one cluster: a folder with a certificate authority of its own, made by openssl in milliseconds. */
export class Pki {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<Pki> {
    const pki = new Pki(folder);
    mkdirSync(folder, { mode: 0o700 });
    const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
    const { certificate, key } = pki.#files('ca');
    await openssl(['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', certificate, '-subj', '/CN=ca', ...extensions]);
    return pki;
  }

  /** The certificates that are in this folder; undefined when there are none. */
  static open(folder: string): Pki | undefined {
    const pki = new Pki(folder);
    return existsSync(pki.#files('ca').key) ? pki : undefined;
  }

  /** Path of the authority's certificate. */
  get authority(): string {
    return this.#files('ca').certificate;
  }

  /** @param name of the files, once in a folder */
  async issue(name: string, { commonName, organisation, alternativeNames = [] }: Subject): Promise<Identity> {
    const identity = this.#files(name);
    const ca = this.#files('ca');
    const subject = `${organisation === undefined ? '' : `/O=${organisation}`}/CN=${commonName}`;
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(alternativeNames.length > 0 ? [`subjectAltName=${alternativeNames.join(',')}`] : []),
    ];
    const { certificate, key } = identity;
    const signed = ['-CA', ca.certificate, '-CAkey', ca.key, '-days', DAYS, '-subj', subject];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    await openssl(['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', certificate, ...signed, ...added]);
    return identity;
  }

  /** A key pair for the tokens of service accounts. */
  async tokenKeys(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
    const [privateKey, publicKey] = [join(this.folder, 'tokens.key'), join(this.folder, 'tokens.pub')];
    await openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', privateKey]);
    await openssl(['pkey', '-in', privateKey, '-pubout', '-out', publicKey]);
    return { privateKey, publicKey };
  }

  #files(name: string): Identity {
    return { certificate: join(this.folder, `${name}.crt`), key: join(this.folder, `${name}.key`) };
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  await runOrThrow('openssl', args);
}
