import { render } from 'preact'
render(<p>Zapis</p>, document.getElementById('app')!)
